//! An entry as it came: names and bytes, in the journal's order, borrowed or owned.

use super::names::Known;

/// Where a field lies, counted from the start of its entry's bytes, of which less than 4 GiB are
/// kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    name: u32,
    value: u32,
    length: u32,
    name_length: u16,
    binary: bool,
    pub(super) known: Known,
    pub(super) cut_from: Option<u64>,
}

impl Place {
    /// An empty value at `value` bytes after the start of its name.
    pub(super) fn new(
        name: usize,
        name_length: usize,
        value: usize,
        known: Known,
        binary: bool,
    ) -> Place {
        Place {
            name: name as u32,
            name_length: name_length as u16,
            value: (name + value) as u32,
            length: 0,
            binary,
            known,
            cut_from: None,
        }
    }

    /// More of the value is there.
    pub(super) fn grow(&mut self, more: usize) {
        self.length += more as u32;
    }

    pub(super) fn length(&self) -> usize {
        self.length as usize
    }

    fn name<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.name as usize;
        bytes.get(start..start + usize::from(self.name_length))
    }

    fn value<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.value as usize;
        bytes.get(start..start + self.length())
    }
}

/// One field of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name: upper-case letters, digits and `_`.
    pub name: &'a str,
    /// Its value, any bytes.
    pub value: &'a [u8],
    /// Whether it came in the form for binary values (it need not be binary).
    pub binary: bool,
    /// The whole length in bytes where the value was cut.
    pub cut_from: Option<u64>,
}

impl Field<'_> {
    /// Appends it in the export format, in the form it came in.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name.as_bytes());
        if self.binary || self.value.contains(&b'\n') {
            out.push(b'\n');
            out.extend_from_slice(&(self.value.len() as u64).to_le_bytes());
        } else {
            out.push(b'=');
        }
        out.extend_from_slice(self.value);
        out.push(b'\n');
    }
}

/// What a field is, its value, and the whole length where it was cut.
pub(crate) type Value<'a> = (Known, &'a [u8], Option<u64>);

/// A parsed entry, borrowed from the parser's buffer.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    bytes: &'a [u8],
    places: &'a [Place],
    skipped: usize,
}

impl<'a> Raw<'a> {
    pub(super) fn new(bytes: &'a [u8], places: &'a [Place], skipped: usize) -> Raw<'a> {
        Raw {
            bytes,
            places,
            skipped,
        }
    }

    /// Its fields in the journal's order; a name may occur several times.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let bytes = self.bytes;
        self.places.iter().filter_map(move |place| {
            Some(Field {
                name: std::str::from_utf8(place.name(bytes)?).ok()?,
                value: place.value(bytes)?,
                binary: place.binary,
                cut_from: place.cut_from,
            })
        })
    }

    /// The fields that lists read, for those who look at every entry.
    pub(crate) fn known(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let bytes = self.bytes;
        let known = self.places.iter().filter(|p| p.known != Known::Other);
        known.filter_map(move |place| Some((place.known, place.value(bytes)?, place.cut_from)))
    }

    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        let mut places = self.places.iter();
        let place = places.find(|place| place.name(self.bytes) == Some(name.as_bytes()))?;
        place.value(self.bytes)
    }

    /// How many fields were skipped because the entry has too many or is too long.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// A copy that stands on its own.
    pub fn to_owned(&self) -> RawEntry {
        RawEntry {
            bytes: Box::from(self.bytes),
            places: Box::from(self.places),
            skipped: self.skipped,
        }
    }
}

/// An entry with all its fields as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    bytes: Box<[u8]>,
    places: Box<[Place]>,
    skipped: usize,
}

impl RawEntry {
    /// An entry of these fields. Names longer than journald's, or not of its letters, are not
    /// checked for: they come from this program.
    pub fn of(fields: &[(&str, &[u8])]) -> RawEntry {
        let mut bytes = Vec::new();
        let mut places = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            add(name, value, &mut bytes, &mut places);
        }
        RawEntry {
            bytes: bytes.into(),
            places: places.into(),
            skipped: 0,
        }
    }

    /// The same with a field more, behind the others.
    #[must_use]
    pub fn with(self, name: &str, value: &[u8]) -> RawEntry {
        let (mut bytes, mut places) = (self.bytes.into_vec(), self.places.into_vec());
        add(name, value, &mut bytes, &mut places);
        RawEntry {
            bytes: bytes.into(),
            places: places.into(),
            skipped: self.skipped,
        }
    }

    /// The same, borrowed.
    pub fn as_raw(&self) -> Raw<'_> {
        Raw::new(&self.bytes, &self.places, self.skipped)
    }

    /// Bytes of memory it holds.
    pub fn held(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + self.places.len() * size_of::<Place>()
    }
}

fn add(name: &str, value: &[u8], bytes: &mut Vec<u8>, places: &mut Vec<Place>) {
    let known = Known::of(name.as_bytes());
    let mut place = Place::new(bytes.len(), name.len(), name.len(), known, false);
    place.grow(value.len());
    places.push(place);
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(value);
}
