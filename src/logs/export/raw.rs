//! An entry as it came: names and bytes, in the journal's order, borrowed or owned.

/// Where a field lies, counted from the start of its entry's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: usize,
    pub(super) name_length: usize,
    pub(super) value: usize,
    pub(super) length: usize,
    pub(super) binary: bool,
    pub(super) cut_from: Option<u64>,
}

impl Place {
    /// An empty value at `value` bytes after the start of its name.
    pub(super) fn new(name: usize, name_length: usize, value: usize, binary: bool) -> Place {
        Place {
            name,
            name_length,
            value: name + value,
            length: 0,
            binary,
            cut_from: None,
        }
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

/// Name, value, and the whole length where it was cut.
pub(crate) type Value<'a> = (&'a [u8], &'a [u8], Option<u64>);

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
            let name = bytes.get(place.name..place.name + place.name_length)?;
            Some(Field {
                name: std::str::from_utf8(name).ok()?,
                value: bytes.get(place.value..place.value + place.length)?,
                binary: place.binary,
                cut_from: place.cut_from,
            })
        })
    }

    /// Names and values as bytes, with the whole length where a value was cut: for those who look
    /// at every field of every entry.
    pub(crate) fn values(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let bytes = self.bytes;
        self.places.iter().filter_map(move |place| {
            let name = bytes.get(place.name..place.name + place.name_length)?;
            let value = bytes.get(place.value..place.value + place.length)?;
            Some((name, value, place.cut_from))
        })
    }

    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        let name = name.as_bytes();
        self.values()
            .find(|(found, ..)| *found == name)
            .map(|(_, value, _)| value)
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
            let mut place = Place::new(bytes.len(), name.len(), name.len(), false);
            place.length = value.len();
            places.push(place);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(value);
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
        let mut place = Place::new(bytes.len(), name.len(), name.len(), false);
        place.length = value.len();
        places.push(place);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(value);
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
