use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{Extensions, HeaderMap};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};
use url::Url;

/// Keeps the headers of the last reply, for `ETag` and `Link`: the generated functions return the body only.
#[derive(Clone, Default)]
pub struct LastHeaders(Arc<Mutex<HeaderMap>>);

#[async_trait]
impl Middleware for LastHeaders {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let response = next.run(request, extensions).await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = response.headers().clone();
        Ok(response)
    }
}

impl LastHeaders {
    pub fn get(&self, name: &str) -> Option<String> {
        let headers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    /// The cursor in the address that `Link` calls the next one.
    pub fn next_cursor(&self) -> Option<String> {
        let link = self.get("link")?;
        let reference = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
        let address = Url::parse("http://localhost").and_then(|base| base.join(reference)).ok()?;
        address.query_pairs().find(|(name, _)| name == "cursor").map(|(_, value)| value.into_owned())
    }
}
