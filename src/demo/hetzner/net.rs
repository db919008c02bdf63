//! Address ranges of private networks.

use std::net::Ipv4Addr;

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    base: u32,
    bits: u32,
}

impl Range {
    /// Reads `10.0.0.0/16`; nothing where the address is not the range's first.
    pub(super) fn parse(text: &str) -> Option<Range> {
        let (address, bits) = text.split_once('/')?;
        let base = u32::from(address.parse::<Ipv4Addr>().ok()?);
        let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
        let range = Range { base, bits };
        (base & !range.mask() == 0).then_some(range)
    }

    /// The whole range around an address, of a size.
    pub(super) fn around(address: u32, bits: u32) -> Range {
        let range = Range { base: 0, bits };
        Range {
            base: address & range.mask(),
            bits,
        }
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - self.bits).unwrap_or(0)
    }

    pub(super) fn has(self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask() == self.base
    }

    pub(super) fn covers(self, other: Range) -> bool {
        other.bits >= self.bits && other.base & self.mask() == self.base
    }

    pub(super) fn meets(self, other: Range) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The addresses that hosts may have, the network's and the last one left out.
    pub(super) fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let last = self.base | !self.mask();
        (self.base.saturating_add(1)..last).map(Ipv4Addr::from)
    }

    /// The gateway's address.
    pub(super) fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(self.base.saturating_add(1))
    }

    /// A range of this size within, that meets none of others.
    pub(super) fn room(self, bits: u32, others: &[Range]) -> Option<Range> {
        let step = 1_u32.checked_shl(32 - bits)?;
        let mut base = self.base;
        loop {
            let range = Range::around(base, bits);
            if !self.covers(range) {
                return None;
            }
            if !others.iter().any(|other| other.meets(range)) {
                return Some(range);
            }
            base = base.checked_add(step)?;
        }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let wide = Range::parse("10.0.0.0/16").unwrap();
        let narrow = Range::parse("10.0.1.0/24").unwrap();
        assert!(wide.covers(narrow) && !narrow.covers(wide) && narrow.meets(wide));
        assert!(wide.has("10.0.255.1".parse().unwrap()));
        assert!(!wide.has("10.1.0.1".parse().unwrap()));
        assert_eq!(wide.gateway().to_string(), "10.0.0.1");
        assert_eq!(narrow.hosts().count(), 254);
        let first = Range::parse("10.0.0.0/24").unwrap();
        assert_eq!(
            wide.room(24, &[first, narrow]).unwrap().to_string(),
            "10.0.2.0/24"
        );
        assert_eq!(first.room(24, &[first]), None);
        for text in ["10.0.0.1/16", "10.0.0.0", "10.0.0.0/33", "x/8"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
        assert!(Range::parse("0.0.0.0/0").unwrap().covers(wide));
    }
}
