use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;

use super::{emulation::Emulated, live};

pub(super) fn node() -> Node {
    Node::action("browser.emulate", emulate)
        .effect(Effect::Live)
        .icon("smartphone")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  do:
    - use: browser.emulate
      with: { device: Pixel 8, time_zone: Asia/Tokyo, geolocation: { latitude: 35.68, longitude: 139.76 } }
    - use: browser.goto
      with: { url: "https://shop.example.com/" }
"#;

async fn emulate(cx: &StepContext, settings: Emulated) -> Result<(), NodeError> {
    settings.apply(live::session(cx)?.context()).await
}
