//! Running an example as a process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// A running example. It is killed when the value is dropped.
pub struct Example {
    process: Child,
    /// Collects what the example prints after its address.
    rest: Option<JoinHandle<String>>,
    pub address: SocketAddr,
    /// What the example printed, up to the line with its address.
    pub output: String,
}

impl Example {
    /// Starts an example, and waits until it prints its address.
    ///
    /// `cargo test` builds the examples before it runs the tests. `cargo test --test …` does not.
    pub fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    /// Starts an example with these environment variables.
    pub fn start_with(name: &str, environment: &[(&str, &str)]) -> Self {
        let mut process = spawn(name, environment);
        let mut output = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        while !output.contains("http://") {
            assert!(
                lines.read_line(&mut output).unwrap() > 0,
                "{name} ended without printing its address: {output}"
            );
        }
        let url = output
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
            output,
        }
    }

    /// Kills the process.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends SIGINT, as ctrl-c does, and returns whether the process ended with success.
    pub fn interrupt(mut self) -> bool {
        self.signal("-INT");
        self.process.wait().unwrap().success()
    }

    /// Sends SIGTERM, as a service manager does, and checks that the process ends with success.
    /// Returns what it printed after its address.
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
        // Fails if the process has ended already.
        let _ = self.process.kill();
    }
}

/// Starts an example and kills it after this time, perhaps before it is ready.
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
                "cannot start {}: {error}; build it with `cargo build --examples`",
                program.display()
            )
        })
}
