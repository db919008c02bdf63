//! X.509 for the simulator: reading what is uploaded, and issuing what is managed.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sha2::{Digest, Sha256};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio_rustls::rustls::{
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_cert::{
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// Limits of an upload: bytes of the key, certificates and bytes of the chain.
const MAX_KEY: usize = 5_000;
const MAX_CHAIN: (usize, usize) = (5, 30_000);

/// A chain with its key, as TLS uses it.
pub(super) type Pair = Arc<CertifiedKey>;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) not_before: String,
    pub(super) not_after: String,
    pub(super) names: Vec<String>,
    pub(super) fingerprint: String,
}

/// What is wrong with an upload: the field, and why.
pub(super) type Wrong = (&'static str, &'static str);

fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    const FIELD: &str = "certificate";
    if pem.len() > MAX_CHAIN.1 {
        return Err((FIELD, "must not be longer than 30 kB"));
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|_| (FIELD, "is not a certificate in PEM format"))?;
    match found.len() {
        0 => Err((FIELD, "is not a certificate in PEM format")),
        count if count > MAX_CHAIN.0 => Err((FIELD, "must not have more than 5 certificates")),
        _ => Ok(found),
    }
}

/// What the first certificate of a chain says.
pub(super) fn facts(pem: &str) -> Result<Facts, Wrong> {
    const BAD: Wrong = ("certificate", "is not a valid certificate");
    let chain = chain(pem)?;
    let der = chain.first().ok_or(BAD)?;
    let certificate = x509_cert::Certificate::from_der(der).map_err(|_| BAD)?;
    let body = certificate.tbs_certificate();
    let mut names = Vec::new();
    if let Ok(Some((_, SubjectAltName(found)))) = body.get_extension::<SubjectAltName>() {
        for name in found {
            match name {
                GeneralName::DnsName(name) => names.push(name.to_string()),
                GeneralName::IpAddress(bytes) => names.extend(address(bytes.as_bytes())),
                _ => {}
            }
        }
    }
    let time = |at: &x509_cert::time::Time| {
        let seconds = at.to_unix_duration().as_secs();
        let at = i64::try_from(seconds).ok();
        at.and_then(|at| jiff::Timestamp::from_second(at).ok())
            .map(|at| at.to_string())
    };
    let validity = body.validity();
    let digest = Sha256::digest(der);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Facts {
        not_before: time(&validity.not_before).ok_or(BAD)?,
        not_after: time(&validity.not_after).ok_or(BAD)?,
        names,
        fingerprint: pairs.join(":"),
    })
}

fn address(bytes: &[u8]) -> Option<String> {
    let address: IpAddr = match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        _ => <[u8; 16]>::try_from(bytes).ok()?.into(),
    };
    Some(address.to_string())
}

/// A chain with its key; refused when they do not belong together.
pub(super) fn pair(pem: &str, key: &str) -> Result<Pair, Wrong> {
    const FIELD: &str = "private_key";
    let chain = chain(pem)?;
    if key.len() > MAX_KEY {
        return Err((FIELD, "must not be longer than 5 kB"));
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| (FIELD, "is not a private key in PEM format"))?;
    CertifiedKey::from_der(chain, key, &default_provider())
        .map(Arc::new)
        .map_err(|_| (FIELD, "does not belong to the certificate"))
}

/// Issues managed certificates, as Let's Encrypt does for Hetzner.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// A new one with its own key.
    pub(super) fn new() -> Result<Authority, rcgen::Error> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Quarterdeck Simulated Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Authority {
            issuer: Issuer::new(params, key),
            pem,
        })
    }

    /// Its certificate, for whoever wants to verify.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate and its key, both as PEM, valid for days around a time in seconds.
    pub(super) fn issue(
        &self,
        names: &[String],
        from: i64,
        days: i64,
    ) -> Result<(String, String), rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        let common = names.first().cloned().unwrap_or_default();
        params.distinguished_name.push(DnType::CommonName, common);
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let after = |seconds: i64| epoch + Duration::from_secs(seconds.max(0).unsigned_abs());
        params.not_before = after(from);
        params.not_after = after(from + days * 86_400 - 1);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((
            format!("{}{}", certificate.pem(), self.pem),
            key.serialize_pem(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_issued_can_be_uploaded() {
        let authority = Authority::new().unwrap();
        let names = ["example.org".to_owned(), "*.example.org".to_owned()];
        let (pem, key) = authority.issue(&names, 1_700_000_000, 90).unwrap();
        let facts = facts(&pem).unwrap();
        assert_eq!(facts.not_before, "2023-11-14T22:13:20Z");
        assert_eq!(facts.not_after, "2024-02-12T22:13:19Z");
        assert_eq!(facts.names, names);
        assert_eq!(facts.fingerprint.len(), 95);
        assert!(pair(&pem, &key).is_ok());
        let (_, other) = authority.issue(&names, 1_700_000_000, 90).unwrap();
        assert_eq!(pair(&pem, &other).unwrap_err().0, "private_key");
        assert_eq!(pair("x", &key).unwrap_err().0, "certificate");
        assert_eq!(pair(&pem.repeat(3), &key).unwrap_err().0, "certificate");
    }
}
