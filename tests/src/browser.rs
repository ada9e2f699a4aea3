//! A real browser, driven over the protocol of its tools for developers.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::poll;

/// How long an answer of the browser may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a browser without a screen is started with.
pub const HEADLESS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The first browser on `PATH` that the tests can drive.
pub fn installed_browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|name| folders.iter().map(|it| it.join(name)).find(|it| it.is_file()))
}

/// One tab of a running browser, which ends with it.
#[derive(Debug)]
pub struct Browser {
    tab: WebSocketStream<MaybeTlsStream<TcpStream>>,
    asked: u64,
    _process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser whose reader likes `language`.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(program: &Path, language: &str) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let process = Command::new(program)
            .args(HEADLESS)
            .args(["--remote-debugging-port=0", &format!("--accept-lang={language}")])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let port = profile.path().join("DevToolsActivePort");
        let named = async || std::fs::read_to_string(&port).is_ok_and(|it| it.lines().count() > 1);
        poll("the browser does not open its port", named).await?;
        let port = std::fs::read_to_string(&port)?;
        let list = format!("http://127.0.0.1:{}/json/list", port.lines().next().context("no port")?);
        let tabs: Value = reqwest::get(list).await?.json().await?;
        let mut tabs = tabs.as_array().into_iter().flatten();
        let tab = tabs.find(|it| it["type"] == "page").context("no tab")?;
        let address = tab["webSocketDebuggerUrl"].as_str().context("no address")?;
        Ok(Self {
            tab: connect_async(address).await?.0,
            asked: 0,
            _process: process,
            _profile: profile,
        })
    }

    /// Goes to a page, and waits until what it loads has run.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn go(&mut self, address: &str) -> Result<()> {
        let went = self.ask("Page.navigate", json!({"url": address})).await?;
        ensure!(went["errorText"].is_null(), "{address}: {went}");
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
            .await
    }

    /// What a script yields in the page.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&mut self, script: &str) -> Result<Value> {
        let asked = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.ask("Runtime.evaluate", asked).await?;
        ensure!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        Ok(answer["result"]["value"].take())
    }

    /// Waits until a script yields true.
    ///
    /// # Errors
    /// When it does not within the time a test has, with all that the page shows.
    pub async fn wait(&mut self, script: &str) -> Result<()> {
        for _ in 0..300 {
            // A page that is just being left has nothing to say.
            if self.run(script).await.unwrap_or_default() == true {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let shown = self.run("document.body.innerText").await?;
        bail!("{script} does not come true; the page shows {shown}")
    }

    /// Types into the field with this id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn type_into(&mut self, id: &str, text: &str) -> Result<()> {
        self.run(&format!("document.getElementById('{id}').focus()")).await?;
        self.run(&format!("document.getElementById('{id}').value = ''")).await?;
        self.ask("Input.insertText", json!({"text": text})).await?;
        Ok(())
    }

    /// Presses the button of the form with this id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn submit(&mut self, form: &str) -> Result<()> {
        let press = format!("document.querySelector('#{form} button').click()");
        self.run(&press).await.map(drop)
    }

    async fn ask(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.asked += 1;
        let asked = json!({"id": self.asked, "method": method, "params": parameters});
        self.tab.send(Message::text(asked.to_string())).await?;
        let answer = async {
            while let Some(message) = self.tab.next().await {
                let Message::Text(text) = message? else { continue };
                let mut said: Value = serde_json::from_str(&text)?;
                if said["id"] == self.asked {
                    ensure!(said["error"].is_null(), "{method}: {said}");
                    return Ok(said["result"].take());
                }
            }
            bail!("{method}: the browser has gone")
        };
        timeout(PATIENCE, answer).await.context(method.to_owned())?
    }
}
