//! Bytes packed and unpacked: one compression for all that blocks keep.

use std::cell::RefCell;
use zstd::{
    bulk::Compressor,
    zstd_safe::{CParameter, ParamSwitch, compress_bound},
};

/// Packed bytes and how long they are unpacked.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    bytes: Box<[u8]>,
    length: usize,
}

/// How bytes are packed. They are unpacked in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// What repeats is kept once, letters that are frequent are short.
    Repeats,
    /// Letters that are frequent are short: in less than half the time, there and back.
    Letters,
}

impl Way {
    /// The quicker one, unless these values, of many, repeat so much that it would be a waste.
    pub(super) fn for_values(values: &[u8]) -> Way {
        let size = |way| Packed::of(values, way).memory();
        if size(Way::Repeats) * 10 < size(Way::Letters) * 7 {
            Way::Repeats
        } else {
            Way::Letters
        }
    }

    fn packer(self) -> Option<Packer> {
        let mut packer = Compressor::new(match self {
            Way::Repeats => LEVEL,
            Way::Letters => LETTERS,
        });
        if self == Way::Letters
            && let Ok(packer) = &mut packer
        {
            let letters = CParameter::LiteralCompressionMode(ParamSwitch::Enable);
            packer.set_parameter(letters).ok()?;
        }
        let room = Vec::new();
        packer.ok().map(|zstd| Packer { zstd, room })
    }
}

struct Packer {
    zstd: Compressor<'static>,
    /// Where it packs, for all that a thread packs.
    room: Vec<u8>,
}

impl Packer {
    fn pack(&mut self, bytes: &[u8]) -> Option<&[u8]> {
        self.room.clear();
        self.room.reserve(compress_bound(bytes.len()));
        self.zstd.compress_to_buffer(bytes, &mut self.room).ok()?;
        Some(&self.room)
    }
}

thread_local! {
    static REPEATS: RefCell<Option<Packer>> = const { RefCell::new(None) };
    static LETTERS_ONLY: RefCell<Option<Packer>> = const { RefCell::new(None) };
}

impl Packed {
    pub(super) fn of(bytes: &[u8], way: Way) -> Packed {
        let packer = match way {
            Way::Repeats => &REPEATS,
            Way::Letters => &LETTERS_ONLY,
        };
        let length = bytes.len();
        packer.with_borrow_mut(|packer| {
            if packer.is_none() {
                *packer = way.packer();
            }
            let packed = packer.as_mut().and_then(|packer| packer.pack(bytes));
            let packed = packed.filter(|packed| packed.len() < length);
            Packed {
                bytes: packed.unwrap_or(bytes).into(),
                length,
            }
        })
    }

    /// The bytes again, in a buffer whose content goes.
    pub(super) fn unpack_into(&self, out: &mut Vec<u8>) {
        thread_local! {
            static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
        }
        out.clear();
        if self.bytes.len() == self.length {
            out.extend_from_slice(&self.bytes);
            return;
        }
        out.reserve(self.length);
        UNPACKER.with_borrow_mut(|unpacker| {
            if unpacker.is_none() {
                *unpacker = zstd::bulk::Decompressor::new().ok();
            }
            let result = unpacker
                .as_mut()
                .map(|unpacker| unpacker.decompress_to_buffer(&self.bytes, out));
            if !matches!(result, Some(Ok(_))) {
                out.clear();
            }
        });
        out.resize(self.length, b'\n');
    }

    pub(super) fn unpack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.unpack_into(&mut out);
        out
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.len()
    }
}

/// The fastest level that still codes single letters.
const LEVEL: i32 = 1;
/// So fast that next to nothing is found to repeat. Values are mostly numbers and addresses that
/// never do: of those of `benches/corpus` this leaves 0.54, [`LEVEL`] 0.43, and they are unpacked in
/// 207 ms instead of 353 for ten million entries, packed in a third of the time. lz4 and the levels
/// below without coded letters leave 0.64 to 0.83 (`benches/store.rs`).
const LETTERS: i32 = -1000;
