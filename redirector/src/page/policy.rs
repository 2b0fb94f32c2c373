//! The content security policy of a page: a nonce for what is ours, and of others exactly the hosts of the networks on
//! this page.

use super::pieces::{Hole, Marks};
use super::pixels::{Form, Pixel};
use contract::network::Network;
use std::collections::BTreeSet;

/// What no page of ours needs.
const CLOSED: &str = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The policy of an interstitial with these pixels, with marks for the nonce.
///
/// The hosts of a network's images, which are those of its redirects too, stand under `connect-src` as well: an image
/// is fetched, and only without JavaScript, or in a browser whose requests do not survive the page, is it an image.
pub(super) fn interstitial(pixels: &[Pixel], marks: &Marks) -> String {
    let (mut script, mut image, mut connect, mut frame) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let https = |hosts: &[String]| hosts.iter().map(|host| format!("https://{host}")).collect::<Vec<_>>();
    for pixel in pixels {
        let hosts = &pixel.network.hosts;
        let own: Vec<_> = Network::own_hosts(&pixel.ids).map(|host| format!("https://{host}")).collect();
        for list in [&mut script, &mut image, &mut connect, &mut frame] {
            list.extend(own.iter().cloned());
        }
        match &pixel.form {
            Form::Image { origin, .. } => {
                let all = [https(&hosts.img), vec![origin.clone()]].concat();
                image.extend(all.iter().cloned());
                connect.extend(all);
            }
            Form::Script { .. } => {
                script.extend(https(&hosts.script));
                image.extend(https(&hosts.img));
                connect.extend(https(&hosts.connect));
                frame.extend(https(&hosts.frame));
            }
            // what it needs besides, it names itself
            Form::Inline { .. } => {}
        }
    }
    let nonce = marks.of(Hole::Nonce);
    let mut policy = format!("default-src 'none'; script-src 'nonce-{nonce}'");
    let list = |policy: &mut String, hosts: BTreeSet<String>| {
        for host in hosts {
            policy.push(' ');
            policy.push_str(&host);
        }
    };
    list(&mut policy, script);
    policy.push_str(&format!("; style-src 'nonce-{nonce}'; connect-src 'self'"));
    list(&mut policy, connect);
    for (name, hosts) in [("img-src", image), ("frame-src", frame)] {
        if !hosts.is_empty() {
            policy.push_str("; ");
            policy.push_str(name);
            list(&mut policy, hosts);
        }
    }
    policy.push_str("; ");
    policy.push_str(CLOSED);
    policy
}
