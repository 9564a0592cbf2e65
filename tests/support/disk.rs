//! A disk in memory that loses its power, is full, or does not sync.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

const BLOCK: usize = 4_096;

/// A disk in memory. Its content survives the database. Clones are one disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<DiskState>>);

#[derive(Debug, Default)]
pub struct DiskState {
    bytes: Vec<u8>,
    /// How to undo each write since the last sync, the latest one last.
    unsynced: Vec<Undo>,
    /// How many writes and syncs are still carried out before the power is gone.
    pub power: Option<usize>,
    /// Whether a sync does nothing and reports success.
    pub ignores_syncs: bool,
    /// Whether only blocks that were written before can be written.
    pub is_full: bool,
    written_blocks: HashSet<usize>,
    /// How many syncs there were.
    pub syncs: usize,
}

#[derive(Debug)]
enum Undo {
    Write(usize, Vec<u8>),
    Length(Vec<u8>, usize),
}

impl Disk {
    pub fn state(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().unwrap()
    }

    /// Cuts the power after so many more writes and syncs.
    pub fn cut_power_after(&self, steps: usize) {
        self.state().power = Some(steps);
    }

    /// Turns the power on again. `keeps` decides for each write since the last sync whether it
    /// reached the disk.
    pub fn restart(&self, keeps: &mut dyn FnMut() -> bool) {
        let mut state = self.state();
        let latest = state.bytes.clone();
        while let Some(undo) = state.unsynced.pop() {
            match undo {
                Undo::Write(offset, before) => {
                    let end = offset + before.len();
                    if keeps() && end <= latest.len() {
                        continue;
                    }
                    state.bytes[offset..end].copy_from_slice(&before);
                }
                Undo::Length(tail, length) => {
                    state.bytes.truncate(length);
                    state.bytes.extend(tail);
                }
            }
        }
        state.power = None;
    }
}

impl DiskState {
    fn step(&mut self) -> io::Result<()> {
        match &mut self.power {
            None => Ok(()),
            Some(0) => Err(io::Error::other("no power")),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if state.power == Some(0) {
            return Err(io::Error::other("no power"));
        }
        let offset = usize::try_from(offset).unwrap();
        let found = state.bytes.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let len = usize::try_from(len).unwrap();
        let before = state.bytes.len();
        let tail = state.bytes.get(len..).unwrap_or_default().to_vec();
        state.unsynced.push(Undo::Length(tail, before.min(len)));
        state.bytes.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.syncs += 1;
        if !state.ignores_syncs {
            state.unsynced.clear();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let offset = usize::try_from(offset).unwrap();
        let place = offset..offset + data.len();
        for block in offset / BLOCK..place.end.div_ceil(BLOCK) {
            if state.is_full && !state.written_blocks.contains(&block) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.written_blocks.insert(block);
        }
        let before = state.bytes[place.clone()].to_vec();
        state.unsynced.push(Undo::Write(offset, before));
        state.bytes[place].copy_from_slice(data);
        Ok(())
    }
}
