//! `GET /health`: 200 while the database answers, else 503. For load balancers; it tells nothing about anybody.

use crate::app::App;
use poem::{
    Response,
    http::{StatusCode, header},
};
use std::time::Duration;

/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the database and says what came of it.
pub(super) async fn answer(app: &App) -> Response {
    let ok = matches!(tokio::time::timeout(PATIENCE, app.db.read().ping()).await, Ok(Ok(())));
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "ok": ok, "database": if ok { "ok" } else { "unreachable" } });
    Response::builder().status(status).header(header::CONTENT_TYPE, super::media::JSON).body(body.to_string())
}
