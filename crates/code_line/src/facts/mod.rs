//! Facts of files, taken in parallel and kept between runs.

mod pack;
mod store;

pub(crate) use store::FactStore;
