//! Charges a request for the complexity of its document, once that is known and before anything runs.

use super::error::top_level;
use crate::rate_limits::Meter;
use async_graphql::{
    ServerError, ValidationResult,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation},
};
use std::sync::Arc;

/// Charges each request that has a [`Meter`].
pub(super) struct Metering;

impl ExtensionFactory for Metering {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Metering {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let result = next.run(ctx).await?;
        let Some(meter) = ctx.data_opt::<Arc<Meter>>() else { return Ok(result) };
        meter.weigh(result.complexity).map(|()| result).map_err(|error| {
            let error = top_level(error);
            let mut refusal = ServerError::new(error.message, None);
            refusal.extensions = error.extensions;
            vec![refusal]
        })
    }
}
