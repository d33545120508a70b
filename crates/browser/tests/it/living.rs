//! Navigation, and what happens when things end: pages, browsers, ourselves.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant as Clock},
};

use casare_browser::{Browser, BrowserError, Click, Keys, LaunchOptions, Until};
use insta::assert_snapshot;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::site::{Reply, Site, at, brief, html, open, soon, told};

#[tokio::test]
async fn a_navigation_ends_where_it_should_or_says_why_not() {
    let site = Site::serve(vec![
        ("/", html("home")),
        ("/moved", Reply::Redirect("/target".into())),
        (
            "/target",
            html(
                "<a href='#part'>Part</a><a href=/slow>Slow</a><form action=/target><button name=x value=1>Go</button></form>",
            ),
        ),
        (
            "/slow",
            html("<script>document.title = 'slow'</script>slow"),
        ),
        ("/silent", Reply::Silence),
        ("/hung.png", Reply::Silence),
        ("/half", html("<p>here</p><img src=/hung.png>")),
    ]);
    let (_browser, page) = open(&site).await;

    let arrived = page
        .goto(&site.url("/moved"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(
        (arrived.url, arrived.status),
        (site.url("/target"), Some(200))
    );
    let missing = page
        .goto(&site.url("/missing"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(missing.status, Some(404));
    page.goto(&site.url("/half"), Until::DomContentLoaded, soon())
        .await
        .unwrap();
    page.goto(&site.url("/target"), Until::NetworkIdle, soon())
        .await
        .unwrap();
    page.goto(&site.url("/target#part"), Until::Load, soon())
        .await
        .unwrap();
    page.click(&at("role=link[name=Slow]"), Click::default(), soon())
        .await
        .unwrap();
    assert_eq!(
        page.wait_for_url("/slow", soon()).await.unwrap(),
        site.url("/slow")
    );
    assert_eq!(page.title(soon()).await.unwrap(), "slow");
    page.back(Until::Load, soon()).await.unwrap();
    assert_eq!(page.url(), site.url("/target#part"));
    page.forward(Until::Load, soon()).await.unwrap();
    page.reload(Until::Load, soon()).await.unwrap();
    assert_eq!(page.url(), site.url("/slow"));
    page.goto(&site.url("/target"), Until::Load, soon())
        .await
        .unwrap();
    page.press(
        Some(&at("role=button[name=Go]")),
        &"Enter".parse::<Keys>().unwrap(),
        soon(),
    )
    .await
    .unwrap();
    page.wait_for_url("*/target?x=1", soon()).await.unwrap();

    let goto = async |url: &str| {
        let error = page.goto(url, Until::Load, brief()).await.unwrap_err();
        told(&error, &site)
    };
    assert_snapshot!(goto(&site.url("/silent")).await, @r#"
    http://127.0.0.1:PORT/silent was not ready after N ms: the server has not answered; still loading:
      http://127.0.0.1:PORT/silent (Document, for N ms)
    help: allow more time, or wait for less (`until: domcontentloaded`)
    "#);
    assert_snapshot!(goto(&site.url("/half")).await, @r#"
    http://127.0.0.1:PORT/half was not ready after N ms: its text is there, but not everything that it names; still loading:
      http://127.0.0.1:PORT/hung.png (Image, for N ms)
    help: allow more time, or wait for less (`until: domcontentloaded`)
    "#);
    assert_snapshot!(goto("http://127.0.0.1:59/").await, @r#"
    cannot open http://127.0.0.1:59/: nothing listens there (net::ERR_CONNECTION_REFUSED)
    help: check the port, and that the server runs
    "#);
    assert_snapshot!(goto("http://no-such-host.invalid/").await, @r#"
    cannot open http://no-such-host.invalid/: no such host (net::ERR_NAME_NOT_RESOLVED)
    help: check the spelling of the host, and the network
    "#);
    assert_snapshot!(goto("example").await, @r#"
    cannot open example: this is not an address (net::ERR_INVALID_URL)
    help: write the whole address, such as https://example.com/
    "#);
    let error = page.wait_for_url("/elsewhere", brief()).await.unwrap_err();
    assert_snapshot!(told(&error, &site), @"the address `/elsewhere` did not happen in N ms; the page was at chrome-error://chromewebdata/");

    // A page whose script never ends does not hold us for ever.
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    let stuck = page
        .evaluate("setTimeout(() => { for (;;); }, 0)", &[], soon())
        .await;
    stuck.unwrap();
    let started = Clock::now();
    let error = page
        .click(&at("text=home"), Click::default(), brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @"the page http://127.0.0.1:PORT/ did not answer for N s: its own script keeps it busy");
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// The processes that run on a browser profile below `folder`.
fn processes_on(folder: &Path) -> Vec<u32> {
    let marker = folder.to_string_lossy().into_owned();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&marker)
        })
        .collect()
}

fn profiles_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

async fn until(mut holds: impl FnMut() -> bool, what: &str) {
    let patience = soon();
    while !holds() {
        assert!(tokio::time::Instant::now() < patience, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_browser_is_an_error_at_once_and_leaves_nothing_behind() {
    let site = Site::page("<p>nothing to click</p>");
    let folder = tempfile::tempdir().unwrap();
    let options = || LaunchOptions {
        temporary: Some(folder.path().into()),
        ..LaunchOptions::default()
    };
    let browser = Browser::launch(options()).await.unwrap();
    let page = browser.default_context().new_page(soon()).await.unwrap();
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    assert!(!processes_on(folder.path()).is_empty());

    let (acting, never) = (page.clone(), at("text=Never there"));
    let action = tokio::spawn(async move { acting.click(&never, Click::default(), soon()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let killed = Clock::now();
    Command::new("kill")
        .args(["-9", &browser.pid().unwrap().to_string()])
        .status()
        .unwrap();
    let error = action.await.unwrap().unwrap_err();
    assert!(killed.elapsed() < Duration::from_secs(2));
    assert_snapshot!(told(&error, &site), @r#"
    the browser has gone: it was killed by signal 9
    help: open a new session; if it was killed, look for a lack of memory
    "#);
    until(
        || processes_on(folder.path()).is_empty(),
        "processes of a killed browser",
    )
    .await;
    until(
        || profiles_in(folder.path()) == 0,
        "the profile of a killed browser",
    )
    .await;
    assert!(page.is_closed() && browser.is_gone());
    browser.close().await.unwrap();

    // Closed kindly, and dropped without a word.
    let browser = Browser::launch(options()).await.unwrap();
    let page = browser.default_context().new_page(soon()).await.unwrap();
    browser.close().await.unwrap();
    assert_eq!(
        (
            processes_on(folder.path()).len(),
            profiles_in(folder.path())
        ),
        (0, 0)
    );
    assert!(matches!(
        page.title(soon()).await,
        Err(BrowserError::Gone { .. })
    ));
    let browser = Browser::launch(options()).await.unwrap();
    let profile = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let socket = fs::read_link(profile.join("SingletonSocket")).unwrap();
    assert!(socket.exists());
    drop(browser);
    assert!(!socket.parent().unwrap().exists());
    assert_eq!(
        (
            processes_on(folder.path()).len(),
            profiles_in(folder.path())
        ),
        (0, 0)
    );
}

/// Something that encrypts what goes to a browser's debugging port.
async fn behind_tls(port: u16, folder: &Path) -> u16 {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(folder.join("authority.pem"), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let outside = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Who does not trust it hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut browser = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut browser).await;
            });
        }
    });
    outside
}

/// Not a test of its own: the process that the test below lets trust an authority.
#[tokio::test]
async fn joins_a_browser_behind_tls() {
    let Some(endpoint) = std::env::var_os("CASARE_TEST_ENDPOINT") else {
        return;
    };
    let endpoint = endpoint.to_str().unwrap();
    let browser = Browser::connect(endpoint, soon()).await.unwrap();
    let page = browser.default_context().new_page(soon()).await.unwrap();
    assert_eq!(page.url(), "about:blank");
    browser.close().await.unwrap();
    println!("joined");
}

#[tokio::test]
async fn an_encrypted_browser_is_reached_by_those_who_trust_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let options = LaunchOptions {
        args: vec!["--remote-debugging-port=0".into()],
        profile: Some(folder.path().join("profile")),
        ..LaunchOptions::default()
    };
    let browser = Browser::launch(options).await.unwrap();
    let port_file = folder.path().join("profile/DevToolsActivePort");
    until(
        || fs::read_to_string(&port_file).is_ok_and(|text| text.contains('/')),
        "no port",
    )
    .await;
    let text = fs::read_to_string(&port_file).unwrap();
    let port = text.lines().next().unwrap().parse().unwrap();
    let endpoint = format!(
        "https://localhost:{}",
        behind_tls(port, folder.path()).await
    );

    let error = Browser::connect(&endpoint, soon()).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let joined = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "living::joins_a_browser_behind_tls",
            "--nocapture",
        ])
        .env("CASARE_TEST_ENDPOINT", &endpoint)
        .env("SSL_CERT_FILE", folder.path().join("authority.pem"))
        .output()
        .await
        .unwrap();

    let said = String::from_utf8_lossy(&joined.stdout);
    assert!(said.contains("joined"), "{said}");
    browser.close().await.unwrap();
}

/// Not a test of its own: the process that the test below kills.
#[tokio::test]
async fn holds_a_browser_until_it_is_killed() {
    let Some(folder) = std::env::var_os("CASARE_TEST_HOLD") else {
        return;
    };
    let options = LaunchOptions {
        temporary: Some(folder.into()),
        ..LaunchOptions::default()
    };
    let browser = Browser::launch(options).await.unwrap();
    let _page = browser.default_context().new_page(soon()).await.unwrap();
    println!("holding");
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn when_we_are_killed_the_browser_dies_and_the_next_start_cleans_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "living::holds_a_browser_until_it_is_killed",
            "--nocapture",
        ])
        .env("CASARE_TEST_HOLD", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(holder.stdout.take().unwrap()));
    lines
        .map_while(Result::ok)
        .find(|line| line.contains("holding"))
        .unwrap();
    assert!(!processes_on(folder.path()).is_empty());

    // Killed but not reaped: its entry in the table of processes is no sign of life.
    holder.kill().unwrap();
    until(
        || processes_on(folder.path()).is_empty(),
        "the browser outlived us",
    )
    .await;
    assert_eq!(profiles_in(folder.path()), 1);

    let options = LaunchOptions {
        temporary: Some(folder.path().into()),
        ..LaunchOptions::default()
    };
    let browser = Browser::launch(options).await.unwrap();
    assert_eq!(profiles_in(folder.path()), 1);
    browser.close().await.unwrap();
    assert_eq!(profiles_in(folder.path()), 0);
    holder.wait().unwrap();
}

#[tokio::test]
async fn a_browser_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::page("");
    let launch = async |program: &str, script: &str| {
        let path = folder.path().join(program);
        fs::write(&path, script).unwrap();
        Command::new("chmod").arg("+x").arg(&path).status().unwrap();
        let options = LaunchOptions {
            executable: Some(path),
            timeout: Duration::from_millis(500),
            ..LaunchOptions::default()
        };
        let error = Browser::launch(options).await.unwrap_err();
        told(&error, &site).replace(&*folder.path().to_string_lossy(), "DIR")
    };

    assert_snapshot!(launch("broken", "#!/bin/sh\necho no display >&2; exit 3").await, @r#"
    DIR/broken did not start: it exited with code 3; it said:
      no display
    help: start it by hand to see what it misses
    "#);
    assert_snapshot!(launch("mute", "#!/bin/sh\nexec sleep 100").await, @r#"
    DIR/mute did not start: it did not answer for N ms
    help: start it by hand to see what it misses
    "#);
    assert_snapshot!(launch("empty", "\u{7f}ELF").await, @r#"
    DIR/empty did not start: it exited with code 127; it said:
      DIR/empty: 1: ELF: not found
    help: start it by hand to see what it misses
    "#);

    let no_screen =
        "#!/bin/sh\necho '[1:2:3:ERROR:ui/x11.cc:257] Missing X server or $DISPLAY' >&2; exit 1";
    assert_snapshot!(launch("blind", no_screen).await, @r#"
    DIR/blind did not start: it exited with code 1; it said:
      Missing X server or $DISPLAY
    help: there is no screen here: run it without a window (headless), or under `xvfb-run`
    "#);

    // A profile is for one browser at a time.
    let profile = folder.path().join("profile");
    let kept = || LaunchOptions {
        profile: Some(profile.clone()),
        ..LaunchOptions::default()
    };
    let browser = Browser::launch(kept()).await.unwrap();
    let error = Browser::launch(kept()).await.unwrap_err();
    assert!(
        matches!(error, BrowserError::ProfileInUse { .. }),
        "{error:?}"
    );
    browser.close().await.unwrap();
    assert!(profile.exists());
    Browser::launch(kept())
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_browser_elsewhere_is_reached_by_its_debugging_port() {
    let site = Site::page("<h1>Here</h1>");
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("remote");
    let mut remote = Command::new(casare_browser::find_browser().unwrap())
        .args([
            "--headless=new",
            "--no-sandbox",
            "--remote-debugging-port=0",
            "about:blank",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let port_file = profile.join("DevToolsActivePort");
    until(
        || fs::read_to_string(&port_file).is_ok_and(|text| text.contains('/')),
        "no port",
    )
    .await;
    let text = fs::read_to_string(&port_file).unwrap();
    let endpoint = format!("http://127.0.0.1:{}", text.lines().next().unwrap());

    let browser = Browser::connect(&endpoint, soon()).await.unwrap();
    let page = browser.default_context().new_page(soon()).await.unwrap();
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(
        page.text(&at("role=heading"), soon()).await.unwrap(),
        "Here"
    );
    assert_eq!(browser.default_context().pages().len(), 2);
    browser.close().await.unwrap();
    assert!(remote.try_wait().unwrap().is_none());
    Command::new("kill")
        .arg(remote.id().to_string())
        .status()
        .unwrap();
    remote.wait().unwrap();

    let error = Browser::connect("ws://127.0.0.1:9/", brief())
        .await
        .unwrap_err();
    assert!(
        matches!(error, BrowserError::Unreachable { .. }),
        "{error:?}"
    );
    let (_browser, _page) = open(&site).await;
}
