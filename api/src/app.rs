//! What every operation needs: handed in, never global.

use crate::{
    auth::Auth,
    clicks::feed::Feed,
    config::Config,
    db::Db,
    domains::{Names, Proofs},
    invalidation::Publisher,
    mails::Post,
    origins::Origins,
    previews::Redirectors,
    rate_limits::RateLimits,
    scope::Caller,
    usage::Quotas,
    webhooks::{egress::Egress, work::Setup},
};
use contract::{address::Host, clock::Clock, destination::Reach, proxies::TrustedProxies};
use std::sync::Arc;

/// The API's parts.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Brings changes to the redirectors.
    pub publisher: Publisher,
    /// Passwords and tokens.
    pub auth: Arc<Auth>,
    /// How domains of tenants are proved.
    pub proofs: Arc<Proofs>,
    /// What the operator decided.
    pub rules: Arc<Rules>,
    /// Asks redirectors, for previews.
    pub redirectors: Redirectors,
    /// Clicks as they come.
    pub feed: Feed,
    /// The way that mails go; `None` where the operator set up none.
    pub post: Option<Post>,
    /// How many requests credentials and tenants may send.
    pub rate_limits: Arc<RateLimits>,
    /// How much a tenant may have.
    pub quotas: Quotas,
    /// How webhooks are delivered.
    pub webhooks: Arc<Setup>,
}

/// What the operator decided for everybody.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The shared domain that links live on by default.
    pub default_domain: Host,
    /// Whether short addresses are https.
    pub https: bool,
    /// Hosts that destinations and image pixels may name.
    pub reach: Reach,
    /// Where a redirector answers, without a slash at the end.
    pub redirector: String,
    /// The proxies in front of the API: only they are believed about a client's address.
    pub trusted_proxies: TrustedProxies,
    /// The origins whose pages may open a WebSocket, besides the API's own.
    pub allowed_origins: Origins,
    /// Whether anybody may sign up, or only who is invited.
    pub open_sign_up: bool,
    /// Where the front end is, which links in mails lead to, without a slash at the end.
    pub public_url: Option<String>,
}

impl App {
    /// The same parts for what a caller asks for, who sees the tenants where they may act and no other.
    #[must_use]
    pub fn acting_for(&self, caller: Option<Caller>) -> Self {
        Self { db: self.db.acting_for(caller), ..self.clone() }
    }

    /// The same parts for what has to look beyond the caller's tenants.
    #[must_use]
    pub fn everywhere(&self) -> Self {
        Self { db: self.db.everywhere(), ..self.clone() }
    }

    /// Puts the parts together.
    #[must_use]
    pub fn new(config: &Config, db: Db, clock: Clock, publisher: Publisher) -> Self {
        let rules = Rules {
            default_domain: config.default_domain.clone(),
            https: config.https,
            reach: config.reach,
            redirector: config.redirector_url.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            allowed_origins: config.allowed_origins.clone(),
            open_sign_up: config.open_sign_up,
            public_url: config.public_url.clone(),
        };
        let auth = Arc::new(Auth::new(&config.jwt_secret, config.key_rotation));
        let proofs = Proofs { names: Names::new(config.name_server), schedule: config.domain_schedule };
        let webhooks = Setup {
            egress: Egress::new(config.reach, proofs.names.clone()),
            schedule: config.webhook_schedule.clone(),
            health: config.webhook_health,
        };
        Self {
            db,
            clock,
            publisher,
            auth,
            proofs: Arc::new(proofs),
            rules: Arc::new(rules),
            redirectors: Redirectors::new(),
            feed: Feed::default(),
            post: config.post.clone(),
            rate_limits: RateLimits::new(config.rates),
            quotas: config.quotas,
            webhooks: Arc::new(webhooks),
        }
    }
}
