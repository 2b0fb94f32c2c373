//! The program `api`: its commands. Settings that cannot be used are reported whole, with exit code 2.

use api::{config::Config, db::Db, graphql, run, telemetry};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
Usage: api <command>

  serve     answers POST /graphql and runs the background loops
  work      runs the background loops only: brings changes to the redirectors and clicks into the database
  migrate   brings the database's schema up to date
  audit [report]  follows every audit log from its first row to its last, prints what it finds, and fails when one is
            broken, or does not go on from what an earlier `audit` printed into the file `report`
  rebuild   makes the rollups of every day anew from its clicks, while the others run
  schema    prints the GraphQL schema
  reset-link <email>  prints a link with which the user of this address sets a new password, once and within an hour
  rotate-keys  makes a new key for access tokens, which signs a minute from now, and prints its id

Settings are environment variables; .env.example documents them all.";

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    match command.as_str() {
        "schema" => run::print(&graphql::sdl()),
        "help" | "--help" | "-h" => run::print(HELP),
        "serve" | "work" | "migrate" | "audit" | "rebuild" | "reset-link" | "rotate-keys" => start(&command),
        _ => {
            eprintln!("{HELP}");
            ExitCode::from(2)
        }
    }
}

fn start(command: &str) -> ExitCode {
    let config = match Config::read(Config::environment()) {
        Ok(config) => config,
        Err(bad) => {
            eprintln!("{bad}");
            return ExitCode::from(2);
        }
    };
    telemetry::start(&config.log);
    match obey(command, &config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "`api {command}` has failed");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn obey(command: &str, config: &Config) -> Result<(), String> {
    let db = Db::connect(&config.database_url, config.database_connections).await;
    let db = db.map_err(|error| format!("cannot open the database: {error}"))?;
    match command {
        "migrate" => migration::up(db.pool()).await.map_err(|error| error.to_string()),
        _ => {
            if !migration::is_current(db.pool()).await.map_err(|error| error.to_string())? {
                return Err("the database's schema is not up to date: run `api migrate` first".to_owned());
            }
            let argument = std::env::args().nth(2);
            match command {
                "audit" => run::audit(&db, argument.as_deref()).await,
                "work" => run::work(config, db).await,
                "rebuild" => run::rebuild(&db).await,
                "reset-link" => run::reset_link(config, db, &argument.unwrap_or_default()).await,
                "rotate-keys" => run::rotate_keys(config, &db).await,
                _ => {
                    // a database that was restored is another one, and its role is not there yet
                    migration::open_to_tenants(db.pool()).await.map_err(|error| error.to_string())?;
                    run::serve(config, db).await
                }
            }
        }
    }
}
