//! `NOTIFY` of a PostgreSQL database.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::postgres::PgListener;

use super::{Armed, Endless, Place, Trouble, credential, file::settle};
use crate::{Orchestrator, triggers::Arrival};

pub(super) async fn watch(
    server: &Orchestrator,
    armed: &Armed,
    name: &str,
    channel: &str,
) -> Endless {
    let fields = credential(server, armed, name).await?;
    let url = fields
        .get("url")
        .ok_or_else(|| Trouble(format!("the credential `{name}` has no field `url`")))?;
    let options: sqlx::postgres::PgConnectOptions = url
        .expose_secret()
        .parse()
        .map_err(|_| Trouble(format!("`url` of `{name}` is no address of a PostgreSQL")))?;
    server
        .outbound
        .may_connect(options.get_host())
        .await
        .map_err(Trouble)?;
    // What is wrong is said without the address, which holds a password.
    let lost = |error: sqlx::Error| Trouble(format!("the database can't be listened to: {error}"));
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .map_err(lost)?;
    let mut listener = PgListener::connect_with(&pool).await.map_err(lost)?;
    listener.listen(channel).await.map_err(lost)?;
    let mut place = Place::<u64>::of(server, armed).await?;
    place.move_on(server, armed, place.at.unwrap_or(0)).await?;
    loop {
        let told = listener.recv().await.map_err(lost)?;
        let payload = told.payload();
        let body = serde_json::from_str(payload).unwrap_or_else(|_| Value::from(payload));
        let arrival = Arrival {
            came: json!({ "channel": told.channel(), "body": body }),
            key: None,
        };
        settle(server.arrive(armed, &arrival).await)?;
    }
}
