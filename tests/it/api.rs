//! The API as an integrator meets it: sessions, inputs with mistakes, many links at once, lists, and what is no request
//! at all or does harm.

mod door;
mod hostile;
mod inputs;
mod lists;
mod sessions;
mod tenants;
