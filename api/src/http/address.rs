//! Where a request comes from.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The client's address: the other end, unless that is a proxy we trust; then the last one in `X-Forwarded-For` that is
/// none. What stands before that anybody could have written.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|it| it.contains(&address.to_canonical()));
    let mut client = peer.to_canonical();
    if trusted.is_empty() || !is_trusted(client) {
        return client;
    }
    let lines = headers.get_all("x-forwarded-for").iter();
    let hops: Vec<&str> = lines
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .collect();
    for hop in hops.into_iter().rev() {
        let Some(address) = parse(hop.trim()) else {
            return client;
        };
        client = address.to_canonical();
        if !is_trusted(client) {
            return client;
        }
    }
    client
}

/// Some proxies add the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_matches(|it| it == '[' || it == ']');
    let socket = || hop.parse().ok().map(|it: std::net::SocketAddr| it.ip());
    bare.parse().ok().or_else(socket)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::HeaderMap;

    use super::client;

    fn of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|it| it.parse().unwrap()).collect();
        client(peer.parse::<IpAddr>().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(of("10.0.0.1", &["1.2.3.4"], &[]), "10.0.0.1");
        assert_eq!(of("9.9.9.9", &["1.2.3.4"], &["10.0.0.0/8"]), "9.9.9.9");
    }

    #[test]
    fn last_hop_that_is_no_trusted_proxy_is_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(of("10.0.0.1", &["1.2.3.4"], &trusted), "1.2.3.4");
        assert_eq!(
            of("::ffff:10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"], &trusted),
            "1.2.3.4"
        );
        assert_eq!(of("10.0.0.1", &["6.6.6.6", "1.2.3.4:5678"], &trusted), "1.2.3.4");
        assert_eq!(of("fd00::1", &["[2001:db8::7]:443"], &trusted), "2001:db8::7");
        assert_eq!(of("10.0.0.1", &["1.2.3.4, unknown"], &trusted), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["10.0.0.3"], &trusted), "10.0.0.3");
        assert_eq!(of("10.0.0.1", &[], &trusted), "10.0.0.1");
    }
}
