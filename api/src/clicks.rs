//! Clicks: taken in exactly once, counted into rollups, reported. Records of the redirectors' click logs come in through
//! [`ingest`] (from Redis by [`stream`], or handed over in process); reports go out of the rollups alone. A click, its
//! counts and the log's progress are committed together or not at all.

pub mod batch;
pub mod deltas;
pub mod feed;
pub mod ingest;
pub mod partitions;
pub mod progress;
pub mod rebuild;
pub mod recent;
pub mod report;
pub mod rollup;
pub mod rows;
pub mod stream;

#[cfg(test)]
pub(crate) mod tests;
