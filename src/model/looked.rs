//! What a host says of paths: the answers to [`Look`](super::Look).

crate::rows! {
    _ =>
    /// What looks at a file: its path, the SHA-256 wanted where one is known, and the largest size fetched, in bytes. A kind
    /// may add more.
    pub struct Looking { path, hash, most }
}

crate::records! {
    _ =>
    /// What is seen at a path; at that of a file with size and SHA-256, with the content where it is not as wanted, and that it has
    /// another name where others may write.
    pub enum Looked {
        "absent" => Absent,
        "denied" => Denied,
        "content" => Content { base64 },
        "twice" => Twice,
        _ => Path { r#type, owner, group, mode },
        _ => File { r#type, owner, group, mode, size, hash },
    }
}
