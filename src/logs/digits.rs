//! Numbers out of their digits, eight at a time: entries are full of them.

/// Every byte of a word the same.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// 1 to 18 decimal digits and nothing else.
pub(super) fn decimal(bytes: &[u8]) -> Option<u64> {
    if !(1..=18).contains(&bytes.len()) {
        return None;
    }
    let (chunks, rest) = bytes.as_chunks();
    let mut number = 0;
    for chunk in chunks {
        number = number * 100_000_000 + eight_decimal(*chunk)?;
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

fn eight_decimal(text: [u8; 8]) -> Option<u64> {
    let text = u64::from_le_bytes(text);
    let low = text.wrapping_sub(each(b'0'));
    // A byte below `0` borrows, one above `9` carries: either sets a highest bit.
    let high = text.wrapping_add(each(0x7f - b'9'));
    if (low | high) & each(0x80) != 0 {
        return None;
    }
    // Neighbours become one number, then pairs of them, then pairs of these.
    let pairs = low * 10 + (low >> 8);
    let even = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let odd = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    Some(even.wrapping_add(odd) >> 32)
}

/// Up to 16 hexadecimal digits as `{:x}` writes them, and what follows.
pub(super) fn hexadecimal(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = (0u64, bytes);
    while let Some((chunk, after)) = rest.split_first_chunk()
        && rest.len() + 8 >= bytes.len()
        && let Some(eight) = eight_hexadecimal(*chunk)
    {
        number = number << 32 | u64::from(eight);
        rest = after;
    }
    while let Some((byte, after)) = rest.split_first()
        && rest.len() + 16 > bytes.len()
        && let Some(digit) = digit(*byte)
    {
        number = number << 4 | u64::from(digit);
        rest = after;
    }
    let length = bytes.len() - rest.len();
    let leading = length > 1 && bytes.first() == Some(&b'0');
    (length > 0 && !leading).then_some((number, rest))
}

fn eight_hexadecimal(text: [u8; 8]) -> Option<u32> {
    let text = u64::from_le_bytes(text);
    // Letters have the bit of 0x40, and their low bits begin at 1.
    let values = (text & each(0x0f)) + (text >> 6 & each(1)) * 9;
    let letters = values.wrapping_add(each(6)) >> 4 & each(1);
    let written = values.wrapping_add(each(b'0')).wrapping_add(letters * 0x27);
    if written != text || values & each(0xf0) != 0 {
        return None;
    }
    let bytes = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes << 8 | bytes >> 16) & 0x0000_ffff_0000_ffff;
    Some((pairs << 16 | pairs >> 32) as u32)
}

/// Appends a number as `{:x}` writes it.
pub(super) fn write_hexadecimal(number: u64, out: &mut String) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(1);
    for at in (0..digits).rev() {
        let digit = (number >> (4 * at) & 15) as u8;
        let base = if digit < 10 { b'0' } else { b'a' - 10 };
        out.push(char::from(base + digit));
    }
}

/// Random digits: a look-up costs a fraction of a branch that nobody can predict.
pub(super) fn digit(byte: u8) -> Option<u8> {
    DIGITS.get(usize::from(byte)).copied().filter(|d| *d < 16)
}

#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
const DIGITS: [u8; 256] = {
    let mut digits = [16; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_in_every_place() {
        for at in 0..8 {
            for byte in 0..=255 {
                let mut text = *b"15273849";
                text[at] = byte;
                let plain = std::str::from_utf8(&text).ok();
                let plain = plain.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
                assert_eq!(decimal(&text), plain.map(|text| text.parse().unwrap()));
                let plain = std::str::from_utf8(&text).ok();
                let small = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                let plain = plain.filter(|text| text.bytes().all(small));
                assert_eq!(
                    eight_hexadecimal(text),
                    plain.map(|text| u32::from_str_radix(text, 16).unwrap())
                );
            }
        }
    }

    proptest! {
        #[test]
        fn decimals(text in "[0-9]{0,20}", other in "[0-9a:/ +-]{0,18}") {
            let wanted = (1..=18).contains(&text.len()).then(|| text.parse::<u64>().unwrap());
            prop_assert_eq!(decimal(text.as_bytes()), wanted);
            if let Some(number) = decimal(other.as_bytes()) {
                prop_assert!(other.bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(other.parse(), Ok(number));
            }
        }

        #[test]
        fn hexadecimals(number: u64, shift in 0u32..64, after in "[0-9a-fx;]{0,20}") {
            let number = number >> shift;
            let text = format!("{number:x};{after}");
            let mut written = String::new();
            write_hexadecimal(number, &mut written);
            prop_assert_eq!(&written, &format!("{number:x}"));
            let (read, rest) = hexadecimal(text.as_bytes()).unwrap();
            prop_assert_eq!(read, number);
            prop_assert_eq!(rest.len(), after.len() + 1);
            if let Some((number, rest)) = hexadecimal(after.as_bytes()) {
                let read = format!("{number:x}");
                prop_assert!(after.starts_with(&read));
                prop_assert_eq!(rest.len(), after.len() - read.len());
                let more = rest.first().is_some_and(|b| digit(*b).is_some());
                prop_assert!(!more || read.len() == 16, "{} of {}", read, after);
            }
        }
    }
}
