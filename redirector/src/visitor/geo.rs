//! Where an address is, from a database in MaxMind's format (city or country) that the operator brings. Without one,
//! and for an address it does not know, the place is unknown.

use super::capped;
use maxminddb::Reader;
use serde::Deserialize;
use std::{net::IpAddr, path::Path};

/// Longest name of a region or a city, in bytes.
const MAX_NAME: usize = 80;

/// The database cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the database of places cannot be read: {0}")]
pub struct GeoError(#[from] maxminddb::MaxMindDbError);

/// The database of places, in memory.
pub struct Geo(Option<Reader<Vec<u8>>>);

/// A place; every part may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// ISO 3166-2 part after the dash.
    pub region: Option<String>,
    /// City, in English.
    pub city: Option<String>,
}

/// The fields of a record that are read; a database of countries lacks the others.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    country: Option<Code<'a>>,
    #[serde(borrow, default)]
    subdivisions: Vec<Code<'a>>,
    #[serde(borrow, default)]
    city: Option<City<'a>>,
}

#[derive(Deserialize)]
struct Code<'a> {
    #[serde(default)]
    iso_code: Option<&'a str>,
}

#[derive(Deserialize)]
struct City<'a> {
    #[serde(borrow, default)]
    names: Option<Names<'a>>,
}

#[derive(Deserialize)]
struct Names<'a> {
    #[serde(default)]
    en: Option<&'a str>,
}

impl Geo {
    /// Reads the database at `path` into memory.
    ///
    /// # Errors
    /// [`GeoError`] for a file that is missing or of another format.
    pub fn open(path: &Path) -> Result<Self, GeoError> {
        Ok(Self(Some(Reader::open_readfile(path)?)))
    }

    /// Knows no place.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The place of an address, as far as it is known.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Place {
        self.0.as_ref().and_then(|reader| read(reader, address)).unwrap_or_default()
    }
}

fn read(reader: &Reader<Vec<u8>>, address: IpAddr) -> Option<Place> {
    let entry: Entry<'_> = reader.lookup(address).ok()?.decode().ok()??;
    Some(place(&entry))
}

fn place(entry: &Entry<'_>) -> Place {
    let country = entry.country.as_ref().and_then(|country| country.iso_code);
    let country = country.filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let region = entry.subdivisions.first().and_then(|region| region.iso_code);
    let city = entry.city.as_ref().and_then(|city| city.names.as_ref()?.en);
    let named = |name: &str| capped(name, MAX_NAME).to_owned();
    Place { country: country.map(str::to_ascii_uppercase), region: region.map(named), city: city.map(named) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_database_every_place_is_unknown() {
        assert_eq!(Geo::none().place(IpAddr::from([203, 0, 113, 7])), Place::default());
        assert!(Geo::open(Path::new("/nowhere/at-all.mmdb")).is_err());
    }

    #[test]
    fn a_record_is_reduced() {
        let text = r#"{"country":{"iso_code":"ch","names":{"en":"Switzerland"}},"subdivisions":[{"iso_code":"ZH"}],
            "city":{"names":{"de":"Zürich","en":"Zurich"}},"location":{"latitude":47.3}}"#;
        let place_of = |text| place(&serde_json::from_str(text).unwrap());
        let zurich = place_of(text);
        assert_eq!(
            (zurich.country.as_deref(), zurich.region.as_deref(), zurich.city.as_deref()),
            (Some("CH"), Some("ZH"), Some("Zurich"))
        );
        assert_eq!(place_of(r#"{"country":{"iso_code":"Switzerland"}}"#), Place::default());
    }
}
