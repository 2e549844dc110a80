//! What the columns of a table hold.

/// What a column holds, by how its values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Integer,
    /// With so many digits after the point, where the column says so.
    Decimal(Option<usize>),
    Float32,
    Float64,
    Boolean,
    Text,
    /// Padded with spaces, which do not count.
    Padded,
    Binary,
    /// A number of MySQL, a text of PostgreSQL.
    Bits,
    Json,
    Date,
    Time,
    DateTime,
    Uuid,
    /// Made by the table from other columns, so that no row can be given it.
    Generated,
    /// Compared as it is written.
    Other,
}

/// What is selected instead of the type of a column that the table generates.
pub(super) const GENERATED: &str = "generated";

/// A value as it was found; `None` is null.
pub(super) type Found = Option<Vec<u8>>;

impl Class {
    /// Reads the type of a column in the words of `information_schema`; `other` is one that not all engines have.
    pub(super) fn of(kind: &str, scale: &str, other: Self) -> Self {
        match kind {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "int2" | "int4" | "int8" => {
                Self::Integer
            }
            "decimal" | "numeric" => Self::Decimal(scale.parse().ok()),
            "float" | "float4" => Self::Float32,
            "double" | "float8" => Self::Float64,
            "bool" => Self::Boolean,
            "char" | "bpchar" => Self::Padded,
            "json" | "jsonb" => Self::Json,
            "date" => Self::Date,
            "time" | "timetz" => Self::Time,
            "datetime" | "timestamp" | "timestamptz" => Self::DateTime,
            "uuid" => Self::Uuid,
            GENERATED => Self::Generated,
            "bytea" | "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Binary,
            "bit" => Self::Bits,
            "text" | "varchar" | "name" | "citext" => Self::Text,
            _ => other,
        }
    }
}

/// Returns the number that bits make.
pub(super) fn bits(found: &[u8]) -> u64 {
    found.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
