//! Places on the screen, found as a person finds them.

use casare_browser::{Area, BrowserError, Click, Emulation, Expect, Shot, Viewport};

use crate::site::{Site, at, brief, open, soon, told};

/// Everything is drawn: there is no element to find.
const BOARD: &str = r#"<style>body{margin:0;font:20px sans-serif}</style>
<p id=out>nothing</p><canvas id=board width=900 height=500 style="border:1px solid"></canvas>
<script>
const ink = board.getContext('2d');
ink.fillStyle = '#f4f4f4'; ink.fillRect(0, 0, 900, 500);
const play = (x, y, colour) => { ink.fillStyle = '#ddd'; ink.fillRect(x, y, 48, 48); ink.fillStyle = colour; ink.beginPath(); ink.moveTo(x + 14, y + 10); ink.lineTo(x + 38, y + 24); ink.lineTo(x + 14, y + 38); ink.fill(); };
play(100, 80, '#0a0'); play(400, 300, '#c00'); play(620, 300, '#c00');
ink.fillStyle = '#123'; ink.font = '24px sans-serif'; ink.fillText('Start the engine', 120, 430); ink.fillText('Stop', 600, 430);
const parts = [['green', 100, 80, 48, 48], ['red', 400, 300, 48, 48], ['second red', 620, 300, 48, 48], ['engine', 220, 405, 110, 35], ['stop', 590, 405, 70, 35]];
board.onclick = (e) => { out.textContent = (parts.find(([, x, y, w, h]) => e.offsetX > x && e.offsetX < x + w && e.offsetY > y && e.offsetY < y + h) ?? ['beside'])[0]; };
</script>
<div style="position:fixed;right:20px;top:560px;width:60px;height:60px;background:#0a0"></div>
<div id=cut style="position:absolute;left:101px;top:0"></div>"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_drawn_is_clicked_by_its_picture_and_by_its_text() {
    let site = Site::page(BOARD);
    let (browser, page) = open(&site).await;
    let folder = tempfile::tempdir().unwrap();
    browser
        .default_context()
        .set_pictures(folder.path().to_owned());
    // The picture of one of them, cut out the way that a person would.
    let cut = "() => { const to = document.createElement('canvas'); to.width = to.height = 48; to.getContext('2d').drawImage(board, 400, 300, 48, 48, 0, 0, 48, 48); const img = new Image(48, 48); img.id = 'crop'; img.src = to.toDataURL(); img.style.position = 'absolute'; img.style.left = '1000px'; img.style.top = '50px'; document.body.append(img); return img.decode().then(() => 1); }";
    page.evaluate(cut, &[], soon()).await.unwrap();
    let shot = Shot {
        area: Area::Element(at("css=#crop")),
        ..Shot::default()
    };
    let crop = page.screenshot(&shot, soon()).await.unwrap();
    page.evaluate(
        "() => document.querySelector('#crop').remove()",
        &[],
        soon(),
    )
    .await
    .unwrap();
    std::fs::write(folder.path().join("play.png"), crop).unwrap();
    let click = async |locator: &str| {
        page.click(&at(locator), Click::default(), soon()).await?;
        page.text(&at("css=#out"), soon()).await
    };

    let error = click("visual=play.png").await.unwrap_err();
    assert!(
        matches!(error, BrowserError::Ambiguous { total: 2, .. }),
        "{error}"
    );
    assert_eq!(
        click("visual=play.png >> nth=1").await.unwrap(),
        "second red"
    );
    assert_eq!(click("ocr=engine").await.unwrap(), "engine");
    assert_eq!(click("css=#board >> ocr=Stop").await.unwrap(), "stop");
    // The same places on a screen with more pixels.
    let sharp = Emulation {
        viewport: Some(Viewport {
            width: 1280,
            height: 720,
            scale: 2.0,
        }),
        ..Emulation::default()
    };
    browser.default_context().emulate(&sharp).await.unwrap();
    assert_eq!(
        click("css=#board >> visual=play.png >> nth=0")
            .await
            .unwrap(),
        "red"
    );

    page.wait_for(&at("ocr=Brake"), &Expect::Hidden, soon())
        .await
        .unwrap();
    let error = page
        .click(&at("ocr=Brake"), Click::default(), brief())
        .await
        .unwrap_err();
    assert!(
        told(&error, &site).starts_with("`ocr=Brake` was not found"),
        "{error}"
    );
    let error = page.text(&at("ocr=Stop"), brief()).await.unwrap_err();
    assert!(error.to_string().contains("not filled or read"), "{error}");
    let error = click("visual=gone.png").await.unwrap_err();
    assert!(
        error.to_string().contains("gone.png: No such file"),
        "{error}"
    );
}
