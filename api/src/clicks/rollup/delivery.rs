//! What became of one pixel: on all visits together, and by the visitors' browsers and countries. A visit that bore
//! neither name is counted under the empty one, so that each split comes to the whole.

use super::{
    bytes::{Damaged, Reader},
    outcomes::Outcomes,
    split::Split,
};
use contract::click::PixelResult;

/// Most browsers of a pixel in a packed rollup.
pub const MOST_BROWSERS: usize = 50;
/// Most countries of a pixel in a packed rollup.
pub const MOST_COUNTRIES: usize = 250;

/// Who came, as far as deliveries are split by it.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Family of the browser; empty where it is unknown.
    pub browser: &'a str,
    /// ISO 3166-1 alpha-2; empty where it is unknown.
    pub country: &'a str,
}

/// What became of one pixel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// On all visits.
    pub all: Outcomes,
    /// The same by browser.
    pub browsers: Split,
    /// The same by country.
    pub countries: Split,
}

impl Delivery {
    /// Counts a visit whose page is to fire it.
    pub(super) fn count_expected(&mut self, origin: Origin<'_>) {
        self.change(origin, |outcomes| outcomes.expected = outcomes.expected.saturating_add(1));
    }

    /// Counts a visit of which something is known.
    pub(super) fn note(&mut self, origin: Origin<'_>, result: &PixelResult) {
        self.change(origin, |outcomes| outcomes.note(result));
    }

    fn change(&mut self, origin: Origin<'_>, change: impl Fn(&mut Outcomes)) {
        change(&mut self.all);
        self.browsers.change(origin.browser, &change);
        self.countries.change(origin.country, &change);
    }

    /// Adds another delivery.
    pub fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.browsers.merge(&other.browsers);
        self.countries.merge(&other.countries);
    }

    /// Appends the whole, then by browser, then by country.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        self.all.pack(out);
        self.browsers.trimmed(MOST_BROWSERS).pack(&self.all, out);
        self.countries.trimmed(MOST_COUNTRIES).pack(&self.all, out);
    }

    /// Reads what [`Delivery::pack`] wrote.
    pub(super) fn unpack(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let all = Outcomes::unpack(from)?;
        let browsers = Split::unpack(from, &all)?;
        let countries = Split::unpack(from, &all)?;
        Ok(Self { all, browsers, countries })
    }

    /// Reads what versions 1 and 2 wrote, which kept no splits.
    pub(super) fn unpack_old(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let all = Outcomes::unpack_old(from)?;
        Ok(Self { browsers: Split::unknown(&all), countries: Split::unknown(&all), all })
    }
}
