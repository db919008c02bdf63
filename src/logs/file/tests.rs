use super::*;

#[test]
fn first_bytes_tell_what_it_is() {
    let of = Magic::of;
    assert_eq!(of(b"LPKSHHRH...."), Magic::Journal);
    assert!(matches!(
        of(&[0x28, 0xb5, 0x2f, 0xfd, 0]),
        Magic::Packed(["zstd", ..])
    ));
    assert_eq!(of(b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\n"), Magic::Export);
    assert_eq!(of(b"__REALTIME_TIMESTAMP=1\n"), Magic::Export);
    assert_eq!(
        of(b"MESSAGE\n\x01\0\0\0\0\0\0\0x\n__REALTIME_TIMESTAMP=1\n"),
        Magic::Export
    );
    assert_eq!(of(b"A=b\nnothing more"), Magic::Text);
    assert_eq!(of(b"about __REALTIME_TIMESTAMP=1"), Magic::Text);
    assert_eq!(of(b""), Magic::Text);
}
