//! The API as an integrator meets it: sessions, inputs with mistakes, many links at once, lists, and what is no request
//! at all or does harm.

mod accounts;
mod audit;
mod authority;
mod bounds;
mod contract;
mod costs;
mod door;
mod hostile;
mod inputs;
mod keys;
mod language;
mod ledger;
mod lists;
mod newcomers;
mod once;
mod second_factor;
mod sessions;
mod sight;
mod subscriptions;
mod team;
mod tenants;
mod tokens;
mod zeros;
