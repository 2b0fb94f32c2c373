//! The API as an integrator meets it: sessions, inputs with mistakes, many links at once, lists, and what is no request
//! at all.

mod audit;
mod door;
mod inputs;
mod keys;
mod lists;
mod once;
mod sessions;
mod tenants;
