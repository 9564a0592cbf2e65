//! The examples, run as a newcomer would.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// A running example, stopped with the test.
pub struct Example {
    process: Child,
    /// What it says after it has said where it is.
    rest: Option<JoinHandle<String>>,
    pub address: SocketAddr,
    pub said: String,
}

impl Example {
    /// `cargo test` builds the examples before it runs the tests, beside them; with `--test`, it does not.
    pub fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    pub fn start_with(name: &str, environment: &[(&str, &str)]) -> Self {
        let mut process = spawn(name, environment);
        let mut said = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        while !said.contains("http://") {
            assert!(
                lines.read_line(&mut said).unwrap() > 0,
                "{name} said {said}"
            );
        }
        let url = said
            .split(' ')
            .find(|word| word.starts_with("http://"))
            .unwrap();
        let address = url["http://".len()..]
            .split('/')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            lines.read_to_string(&mut rest).unwrap();
            rest
        });
        Self {
            process,
            rest: Some(rest),
            address,
            said,
        }
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends ctrl-c, and gives whether it ended well.
    pub fn interrupt(mut self) -> bool {
        self.signal("-INT");
        self.process.wait().unwrap().success()
    }

    /// Asks it to stop as a service manager does, and gives what it said until it ended well.
    pub fn terminate(mut self) -> String {
        self.signal("-TERM");
        assert!(self.process.wait().unwrap().success());
        self.rest.take().unwrap().join().unwrap()
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It has ended already, where all went well.
        let _ = self.process.kill();
    }
}

/// Starts an example, and ends it before it has said anything, perhaps.
pub fn start_and_kill(name: &str, environment: &[(&str, &str)], after: Duration) {
    let mut process = spawn(name, environment);
    std::thread::sleep(after);
    process.kill().unwrap();
    process.wait().unwrap();
}

fn spawn(name: &str, environment: &[(&str, &str)]) -> Child {
    let mut program: PathBuf = std::env::current_exe().unwrap();
    program.pop();
    program.pop();
    program.push("examples");
    program.push(name);
    Command::new(&program)
        .env("LISTEN", "127.0.0.1:0")
        .env_remove("DCR_BASE_URL")
        .env_remove("AUTHLETE_BASE_URL")
        .env_remove("AUTHLETE_SERVICE_APIKEY")
        .env_remove("AUTHLETE_SERVICE_ACCESSTOKEN")
        .env_remove("DCR_DATABASE")
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; `cargo build --examples` builds it",
                program.display()
            )
        })
}
