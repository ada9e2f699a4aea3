//! Asks ClamAV's daemon by its own protocol (`INSTREAM`, clamd(8)), over a socket of the machine or of the net.

use std::{fmt, io, path::PathBuf, pin::pin, time::Duration};

use bytes::Bytes;
use domain::attachment::ScanVerdict;
use futures_util::{Stream, StreamExt};
use serde::{Serialize, Serializer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// How long the daemon may take for one step: to answer, or to take a piece.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of an answer.
const LONGEST: u64 = 4096;
/// What it says of a file that is longer than it takes, and says again however often it is asked.
const TOO_LONG: &str = "INSTREAM size limit exceeded.";

/// Where the daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// At a socket of this machine.
    Unix(PathBuf),
    /// At a host and a port.
    Tcp(String),
}

impl Address {
    /// `unix:PATH` or `tcp:HOST:PORT`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:").filter(|it| !it.is_empty()) {
            return Some(Self::Unix(path.into()));
        }
        let (host, port) = text.strip_prefix("tcp:")?.rsplit_once(':')?;
        let fits = !host.is_empty() && port.parse::<u16>().is_ok();
        fits.then(|| Self::Tcp(format!("{host}:{port}")))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the daemon says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) verdict: ScanVerdict,
    /// What it found, or why it could not look.
    pub(super) signature: Option<String>,
}

/// The daemon.
#[derive(Debug, Clone)]
pub(super) struct Scanner {
    address: Address,
}

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

fn late(_elapsed: tokio::time::error::Elapsed) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "clamd does not answer")
}

impl Scanner {
    pub(super) fn new(address: Address) -> Self {
        Self { address }
    }

    async fn connect(&self) -> io::Result<Box<dyn Socket>> {
        let connecting = async {
            Ok::<Box<dyn Socket>, io::Error>(match &self.address {
                Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
                Address::Tcp(address) => Box::new(TcpStream::connect(address).await?),
            })
        };
        timeout(PATIENCE, connecting).await.map_err(late)?
    }

    /// Its name and version, and that of what it looks for.
    pub(super) async fn version(&self) -> io::Result<String> {
        let mut socket = self.connect().await?;
        socket.write_all(b"zVERSION\0").await?;
        answer(&mut socket).await
    }

    /// What it says of these bytes.
    pub(super) async fn scan(&self, bytes: impl Stream<Item = io::Result<Bytes>>) -> io::Result<Scanned> {
        let mut socket = self.connect().await?;
        socket.write_all(b"zINSTREAM\0").await?;
        let mut bytes = pin!(bytes);
        let mut broken = false;
        while let Some(piece) = bytes.next().await {
            let piece = piece?;
            if piece.is_empty() {
                continue;
            }
            // Of what is too large for it, it says so and hears no more.
            if timeout(PATIENCE, send(&mut socket, &piece))
                .await
                .map_err(late)?
                .is_err()
            {
                broken = true;
                break;
            }
        }
        if !broken {
            drop(socket.write_all(&0_u32.to_be_bytes()).await);
        }
        read(&answer(&mut socket).await?)
    }
}

async fn send(socket: &mut Box<dyn Socket>, piece: &[u8]) -> io::Result<()> {
    let length = u32::try_from(piece.len()).map_err(io::Error::other)?;
    socket.write_all(&length.to_be_bytes()).await?;
    socket.write_all(piece).await
}

async fn answer(socket: &mut Box<dyn Socket>) -> io::Result<String> {
    let mut text = Vec::new();
    let reading = async {
        let mut limited = socket.take(LONGEST);
        loop {
            let mut byte = [0];
            if limited.read(&mut byte).await? == 0 || byte[0] == 0 {
                return Ok::<(), io::Error>(());
            }
            text.push(byte[0]);
        }
    };
    timeout(PATIENCE, reading).await.map_err(late)??;
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

fn read(answer: &str) -> io::Result<Scanned> {
    let said = answer.strip_prefix("stream:").unwrap_or(answer).trim();
    let (verdict, signature) = if said == "OK" {
        (ScanVerdict::Clean, None)
    } else if let Some(found) = said.strip_suffix(" FOUND") {
        (ScanVerdict::Infected, Some(found.trim().to_owned()))
    } else if let Some(reason) = said.strip_suffix(" ERROR").filter(|it| it.trim() == TOO_LONG) {
        (ScanVerdict::Failed, Some(reason.trim().to_owned()))
    } else {
        // It had no memory, no room, no signatures: later it may have.
        return Err(io::Error::other(format!("clamd answers {answer:?}")));
    };
    Ok(Scanned { verdict, signature })
}

#[cfg(test)]
mod tests {
    use domain::attachment::ScanVerdict;

    use super::{Address, read};

    #[test]
    fn answers_are_read_as_the_manual_has_them() {
        let of = |text| read(text).map(|it| (it.verdict, it.signature)).unwrap();
        assert_eq!(of("stream: OK"), (ScanVerdict::Clean, None));
        assert_eq!(
            of("stream: Eicar-Test-Signature FOUND"),
            (ScanVerdict::Infected, Some("Eicar-Test-Signature".to_owned()))
        );
        assert_eq!(of("INSTREAM size limit exceeded. ERROR").0, ScanVerdict::Failed);
        for later in [
            "",
            "UNKNOWN COMMAND",
            "stream: Can't allocate memory ERROR",
            "stream: Can't create temporary file. ERROR",
            "COMMAND READ TIMED OUT ERROR",
        ] {
            assert!(read(later).is_err(), "{later}");
        }
    }

    #[test]
    fn addresses_are_of_two_sorts() {
        for good in ["unix:/run/clamav/clamd.ctl", "tcp:127.0.0.1:3310", "tcp:[::1]:3310"] {
            assert_eq!(Address::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "unix:",
            "tcp:",
            "tcp:host",
            "tcp::3310",
            "tcp:host:99999",
            "/run/clamd.ctl",
        ] {
            assert!(Address::parse(bad).is_none(), "{bad}");
        }
    }
}
