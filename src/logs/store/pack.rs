//! Bytes packed and unpacked: one compression for all that blocks keep.

use std::cell::RefCell;

/// Packed bytes and how long they are unpacked.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    bytes: Box<[u8]>,
    length: usize,
}

impl Packed {
    pub(super) fn of(bytes: &[u8]) -> Packed {
        thread_local! {
            static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
        }
        let packed = PACKER.with_borrow_mut(|packer| {
            if packer.is_none() {
                *packer = zstd::bulk::Compressor::new(LEVEL).ok();
            }
            packer.as_mut()?.compress(bytes).ok()
        });
        let length = bytes.len();
        match packed {
            Some(packed) if packed.len() < length => Packed {
                bytes: packed.into(),
                length,
            },
            _ => Packed {
                bytes: bytes.into(),
                length,
            },
        }
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

/// Of the packer: the fastest that still codes single letters. Values are mostly numbers and
/// addresses that never repeat, so that lz4 and the levels below leave 0.64 to 0.67 of them, this
/// one 0.39, the next ones hardly less in twice the time (`benches/store.rs`).
const LEVEL: i32 = 1;
