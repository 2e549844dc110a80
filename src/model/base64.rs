//! Bytes as a host writes them into a record.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Decodes the base64 (RFC 4648, section 4) of a record's field; `None` where it is none.
pub fn decode_base64(text: &str) -> Option<Arc<[u8]>> {
    STANDARD.decode(text).ok().map(Arc::from)
}
