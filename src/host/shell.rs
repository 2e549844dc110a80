//! One framed shell on a host: how a frame is sent and answered.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

use crate::ledger::file_name;
use crate::model::{Blob, utc};

use super::clock::now;
use super::frame::{Frame, Programs, Setup};
use super::hello::{self, Words};
use super::lock::{self, Wanted};
use super::options::Options;
use super::random::random;
use super::steps::StepFrame;
use super::target::Target;
use super::transport::{Channel, Link};
use super::wire::{End, Line, LineReader, visible};
use super::{HostError, Problem};

/// How much of what a shell writes to its standard error is kept, in bytes.
const MOST_SAID: usize = 8 * 1024;

/// How long the answer of a shell that has ended is waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A shell on a host that runs one frame after another.
pub(super) struct Shell {
    host: String,
    input: Box<dyn AsyncWrite + Send + Unpin>,
    lines: LineReader<Box<dyn AsyncRead + Send + Unpin>>,
    said: Arc<Mutex<Vec<u8>>>,
    mark: String,
    step_mark: String,
    run: String,
    /// What it writes first.
    start: String,
    /// It has not said yet that it is ready.
    greeting: Option<Greeting>,
    /// The shell's process id on the host, once it is ready.
    process: u32,
    is_set_up: bool,
    /// It has been sent what runs steps.
    runs_steps: bool,
    /// What it knows once the frame on its way has run; a frame that is made and not sent takes it along.
    programs: Programs,
    frames: u64,
    pub sent: u64,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Shell {
    /// Connects and starts a first shell.
    pub async fn connect(target: &Target, options: &Options, run: &str) -> Result<(Link, Self), HostError> {
        let at = |problem: Problem| problem.at(&target.name);
        let words = Words::new(target, options).map_err(at)?;
        let (link, channel) = Link::open(target, options, &words.command(options)).await.map_err(at)?;
        Ok((link, Self::new(channel, words, target, run).map_err(at)?))
    }

    /// Starts another shell.
    pub async fn open(link: &Link, target: &Target, options: &Options, run: &str) -> Result<Self, HostError> {
        let at = |problem: Problem| problem.at(&target.name);
        let words = Words::new(target, options).map_err(at)?;
        let channel = link.start(&words.command(options)).await.map_err(at)?;
        Self::new(channel, words, target, run).map_err(at)
    }

    fn new(channel: Channel, words: Words, target: &Target, run: &str) -> Result<Self, Problem> {
        let mark = format!("\u{1e}{}", random()?);
        let step_mark = format!("\u{1e}{}", random()?);
        Ok(Self {
            host: target.name.clone(),
            input: channel.input,
            lines: LineReader::new(channel.output, &mark, &step_mark),
            start: words.start(),
            greeting: Some(Greeting { words, errors: channel.errors }),
            said: Arc::default(),
            mark,
            step_mark,
            run: run.into(),
            process: 0,
            is_set_up: false,
            runs_steps: false,
            programs: Programs::new(),
            frames: 0,
            sent: 0,
            ended: channel.ended,
        })
    }

    /// Waits until it is ready, and returns its process id on the host.
    pub async fn process(&mut self) -> Result<u32, HostError> {
        if let Some(greeting) = self.greeting.take() {
            let may_hurry = greeting.words.may_hurry();
            match greeting.wait(&mut self.lines, Some(&mut *self.input), &self.said).await {
                Ok(process) => self.process = process,
                Err(problem) if may_hurry => return Err(self.no_shell(problem).await.at(&self.host)),
                Err(problem) => return Err(problem.at(&self.host)),
            }
        }
        Ok(self.process)
    }

    /// Starts a frame; the first one brings along what all programs need.
    pub fn frame(&mut self, options: &Options) -> Result<Frame, HostError> {
        self.frames += 1;
        let first = !std::mem::replace(&mut self.is_set_up, true);
        let programs = std::mem::take(&mut self.programs);
        let setup = self.setup(options);
        Frame::new(self.frames, first.then_some(&setup), programs).map_err(|problem| problem.at(&self.host))
    }

    /// Starts a frame with steps.
    pub fn step_frame(&mut self, options: &Options, steps: &StepFrame) -> Result<Frame, HostError> {
        let mut frame = self.frame(options)?;
        let are_new = !std::mem::replace(&mut self.runs_steps, true);
        let setup_size = self.setup(options).text().map(|text| text.as_str().len());
        setup_size
            .and_then(|setup_size| frame.steps(steps, are_new, setup_size, journal_run(options).as_deref()))
            .map_err(|problem| problem.at(&self.host))?;
        Ok(frame)
    }

    /// Turns it into a watchdog, which reads lines from now on and no more frames. Where it takes the host's lock, other runs
    /// that have it are waited for; returns what the one before had written into it.
    pub async fn become_watchdog(
        &mut self,
        options: &Options,
        lock: Option<Wanted<'_>>,
    ) -> Result<Vec<String>, HostError> {
        self.process().await?;
        let result = self.watch(options, lock).await;
        result.map_err(|problem| self.explained(problem).at(&self.host))
    }

    async fn watch(&mut self, options: &Options, lock: Option<Wanted<'_>>) -> Result<Vec<String>, Problem> {
        let who = lock::who(&options.who);
        let of = lock.as_ref().map(|wanted| (&who, wanted.of));
        let text = Frame::watchdog(&self.setup(options), options.heartbeat, of)?;
        let (mut wanted, mut next) = (lock, format!("{}\n{}", text.as_str().len(), text.as_str()));
        let mut nameless = 0;
        loop {
            let answered = async {
                self.write_line(&next).await.map_err(|_| Problem::lost())?;
                loop {
                    match self.lines.next().await {
                        Ok(Line::Control(word, told)) => return Ok((word, told)),
                        Ok(_) => {}
                        Err(_) => return Err(Problem::lost()),
                    }
                }
            };
            let answer = timeout(options.connect_timeout, answered).await;
            let (word, told) = answer.unwrap_or(Err(Problem::NoAnswer(options.connect_timeout)))?;
            match (word.as_str(), &mut wanted) {
                // Of nothing, one empty field is told.
                ("watching", _) => return Ok(if told == [""] { Vec::new() } else { told }),
                ("locked", Some(wanted)) => {
                    let holder = lock::holder(&told);
                    nameless += u32::from(holder.is_none());
                    let pause = match (Instant::now() < wanted.until, &holder) {
                        (true, _) => lock::AGAIN.min(wanted.until - Instant::now()),
                        (false, None) if nameless <= lock::NAMELESS.0 => lock::NAMELESS.1,
                        _ => return Err(Problem::Locked(holder.map(Box::new))),
                    };
                    (wanted.waiting)(holder.as_ref());
                    sleep(pause).await;
                    "again\n".clone_into(&mut next);
                }
                ("unusable", _) => {
                    let mut told = told.into_iter();
                    let (folder, why) = (told.next().unwrap_or_default(), told.next().unwrap_or_default());
                    return Err(Problem::StateFolder { folder, why: visible(why.as_bytes()) });
                }
                _ => {}
            }
        }
    }

    /// Closes its input, and waits a moment for its end.
    pub async fn end(mut self) {
        drop(self.input);
        let over = async { while self.lines.next().await.is_ok() {} };
        // Who does not end now ends later.
        let _ = timeout(LAST_WORDS, over).await;
    }

    /// Writes a line for a watchdog.
    pub async fn write_line(&mut self, line: &str) -> std::io::Result<()> {
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await
    }

    /// Says more of why there is no shell: what ends with its input has read that. If the shell comes then, something was before it;
    /// if it does not, something is in its place.
    async fn no_shell(&mut self, problem: Problem) -> Problem {
        if !matches!(problem, Problem::ShellTimedOut(_)) {
            return problem;
        }
        self.input = Box::new(tokio::io::sink());
        match timeout(LAST_WORDS, self.lines.skip_past(self.start.as_bytes())).await {
            Ok(Ok(())) => Problem::InputTaken,
            Ok(Err(_)) => Problem::ShellReplaced,
            Err(_) => problem,
        }
    }

    fn setup<'a>(&'a self, options: &'a Options) -> Setup<'a> {
        Setup {
            mark: &self.mark,
            step_mark: &self.step_mark,
            path: &options.path,
            shell: &options.shell,
            run: &self.run,
            state_folder: options.state_folder.as_deref(),
            ledger: match options.ledger.as_str() {
                "" => String::new(),
                spec => file_name(spec, &self.host),
            },
            count_processes: options.count_processes,
        }
    }

    /// Sends a frame with the data its steps read, and hands every line of the answer to `on_line` until the frame is
    /// done. Reads while it writes: a host that answers early must not wait for one that listens late.
    pub async fn exchange(
        &mut self,
        frame: Frame,
        data: &[Blob],
        longest: Duration,
        mut on_line: impl FnMut(Line) -> Result<(), Problem>,
    ) -> Result<(), HostError> {
        let hurried = match self.greeting.take() {
            Some(greeting) if greeting.words.may_hurry() => Some(greeting),
            greeting => {
                self.greeting = greeting;
                self.process().await?;
                None
            }
        };
        let number = self.frames.to_string();
        let text = frame.finish(self.frames, &mut self.programs);
        let bytes = text.as_str().as_bytes();
        let size = format!("{}\n", bytes.len());
        let input = &mut self.input;
        let mut sent = 0;
        let write = async {
            for part in [size.as_bytes(), bytes].into_iter().chain(data.iter().map(|blob| &blob.0[..])) {
                input.write_all(part).await?;
                sent += part.len() as u64;
            }
            input.flush().await
        };
        let result = 'exchange: {
            tokio::pin!(write);
            let mut writing = true;
            if let Some(greeting) = hurried {
                let greet = greeting.wait(&mut self.lines, None, &self.said);
                tokio::pin!(greet);
                let greeted = loop {
                    tokio::select! {
                        _ = &mut write, if writing => writing = false,
                        greeted = &mut greet => break greeted,
                    }
                };
                match greeted {
                    Ok(process) => self.process = process,
                    Err(problem) => break 'exchange Err(problem),
                }
            }
            let end = tokio::time::sleep_until(Instant::now() + longest);
            tokio::pin!(end);
            let mut has_ended = false;
            loop {
                tokio::select! {
                    written = &mut write, if writing => {
                        // The reason is in what the host said, or in that it says nothing more.
                        let _ = written;
                        writing = false;
                    }
                    line = self.lines.next() => match line {
                        Ok(Line::Control(word, fields)) if word == "done" && fields.first() == Some(&number) => break Ok(()),
                        Ok(line) => {
                            if let Err(problem) = torn(&line, &self.start).and_then(|()| on_line(line)) {
                                break Err(problem);
                            }
                        }
                        Err(End::Closed) => break Err(Problem::lost()),
                        Err(End::TooLong) => break Err(Problem::Protocol("a record longer than 64 MiB".into())),
                    },
                    // What the shell has started may hold its output open after it. A moment for what is on its way.
                    () = &mut self.ended, if !has_ended => {
                        has_ended = true;
                        end.as_mut().reset(Instant::now() + LAST_WORDS);
                    }
                    () = &mut end => {
                        break Err(has_ended.then(Problem::lost).unwrap_or(Problem::NoAnswer(longest)));
                    }
                }
            }
        };
        self.sent += sent;
        let Err(problem) = result else { return Ok(()) };
        Err(self.no_shell(self.explained(problem)).await.at(&self.host))
    }

    /// Returns how many bytes came from the host.
    pub fn received(&self) -> u64 {
        self.lines.received
    }

    fn explained(&self, problem: Problem) -> Problem {
        match problem {
            Problem::ConnectionLost { step, .. } => {
                let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                let said = String::from_utf8_lossy(&said);
                Problem::ConnectionLost {
                    step,
                    said: said.lines().next_back().map(|line| visible(line.as_bytes())).unwrap_or_default(),
                }
            }
            other => other,
        }
    }
}

/// Returns what the journal says of a run, as fields; nothing where none is kept.
fn journal_run(options: &Options) -> Option<String> {
    let who = lock::who(&options.who);
    (!options.ledger.is_empty()).then(|| format!("{}\u{1f}{}", utc(now()), who.as_str()))
}

/// Fails where the shell says that a frame did not arrive whole. It was sent whole, so something else has read of it.
fn torn(line: &Line, start: &str) -> Result<(), Problem> {
    match line {
        Line::Message(text) if text.strip_prefix(start) == Some("torn") => Err(Problem::InputTaken),
        _ => Ok(()),
    }
}

/// What is known of a shell that has been started and has not said yet that it is ready.
struct Greeting {
    words: Words,
    errors: Box<dyn AsyncRead + Send + Unpin>,
}

impl Greeting {
    /// Waits until the shell is ready, and returns its process id. `input` is where sudo reads a password from.
    async fn wait(
        mut self,
        lines: &mut LineReader<Box<dyn AsyncRead + Send + Unpin>>,
        input: Option<&mut (dyn AsyncWrite + Send + Unpin)>,
        tail: &Arc<Mutex<Vec<u8>>>,
    ) -> Result<u32, Problem> {
        let mut said = Vec::new();
        let greeted = {
            let greet = hello::greet(&self.words, lines, input, &mut self.errors, &mut said);
            timeout(self.words.connect_timeout, greet).await
        };
        let process = greeted.unwrap_or_else(|_| Err(self.words.no_answer(&said)))?;
        *tail.lock().unwrap_or_else(PoisonError::into_inner) = said;
        tokio::spawn(keep_tail(self.errors, tail.clone()));
        Ok(process)
    }
}

/// Reads a stream to its end and keeps the last of it.
async fn keep_tail(mut from: Box<dyn AsyncRead + Send + Unpin>, tail: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = vec![0; 4096];
    while let Ok(got @ 1..) = from.read(&mut chunk).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(&chunk[..got]);
        let excess = tail.len().saturating_sub(MOST_SAID);
        tail.drain(..excess);
    }
}
