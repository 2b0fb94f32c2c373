//! What crosses between the API and the redirector: addresses, documents, networks, clicks, keys and the protocol that
//! keeps the cache coherent. Both sides depend on this crate and on nothing of each other. It does no I/O: no runtime,
//! no Redis, no SQL, no HTTP.

pub mod address;
pub mod branding;
pub mod click;
pub mod clock;
pub mod consent;
pub mod destination;
pub mod document;
pub mod frame;
pub mod keys;
pub mod network;
pub mod preview;
pub mod protocol;
pub mod proxies;
pub mod seal;
pub mod settings;
