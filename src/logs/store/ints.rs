//! Columns of numbers as bits: groups of neighbours, each number as far above the group's least
//! as the group's width allows. And single numbers as bytes.

/// Numbers in a group: an odd one makes only its neighbours wide.
const GROUP: usize = 64;

/// Appends a column.
pub(super) fn pack(column: &[i64], out: &mut Vec<u8>) {
    for group in column.chunks(GROUP) {
        let least = group.iter().copied().min().unwrap_or(0);
        let most = group.iter().copied().max().unwrap_or(0);
        let width = 64 - (most.wrapping_sub(least)).cast_unsigned().leading_zeros();
        put(zigzag(least), out);
        out.push(width as u8);
        if width == 0 {
            continue;
        }
        let (mut bits, mut held) = (0u128, 0);
        for number in group {
            bits |= u128::from(number.wrapping_sub(least).cast_unsigned()) << held;
            held += width;
            while held >= 8 {
                out.push(bits as u8);
                bits >>= 8;
                held -= 8;
            }
        }
        if held > 0 {
            out.push(bits as u8);
        }
    }
}

/// Takes a column of so many numbers off the front. Short input gives zeros.
pub(super) fn unpack(input: &mut &[u8], count: usize) -> Vec<i64> {
    let mut column = Vec::with_capacity(count);
    while column.len() < count {
        let rows = GROUP.min(count - column.len());
        let least = unzigzag(take(input));
        let width = input.split_off_first().map_or(0, |w| u32::from(*w).min(64));
        if width == 0 {
            column.resize(column.len() + rows, least);
            continue;
        }
        let length = (rows * width as usize).div_ceil(8).min(input.len());
        let bytes = input.split_off(..length).unwrap_or_default();
        let mask = u64::MAX >> (64 - width);
        let (mut bits, mut held) = (0u128, 0);
        let mut bytes = bytes.iter();
        for _ in 0..rows {
            while held < width {
                bits |= u128::from(bytes.next().copied().unwrap_or(0)) << held;
                held += 8;
            }
            column.push(least.wrapping_add((bits as u64 & mask).cast_signed()));
            bits >>= width;
            held -= width;
        }
    }
    column
}

/// Appends a number: seven bits a byte, the least first.
pub(super) fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front; 0 when there is none.
pub(super) fn take(input: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    while let Some(byte) = input.split_off_first() {
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 || shift > 63 {
            break;
        }
    }
    number
}

/// Small numbers of either sign as small numbers.
pub(super) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

/// The reverse of [`zigzag`].
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_come_back(
            small in proptest::collection::vec(-100i64..100, 0..300),
            wide in proptest::collection::vec(any::<i64>(), 0..100),
            number: u64,
        ) {
            let mut out = Vec::new();
            pack(&small, &mut out);
            put(number, &mut out);
            pack(&wide, &mut out);
            let mut input = &out[..];
            prop_assert_eq!(unpack(&mut input, small.len()), small);
            prop_assert_eq!(take(&mut input), number);
            prop_assert_eq!(unpack(&mut input, wide.len()), wide);
            prop_assert!(input.is_empty());
        }

        #[test]
        fn any_bytes_give_a_column(bytes: Vec<u8>, count in 0usize..300) {
            prop_assert_eq!(unpack(&mut &bytes[..], count).len(), count);
        }
    }
}
