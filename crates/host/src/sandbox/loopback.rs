//! The loopback address of a network namespace (rtnetlink(7)): there from the start, and down.

use std::os::fd::AsRawFd as _;

use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

/// The number of the loopback interface in every network namespace.
const LOOPBACK: i32 = 1;

/// Takes the loopback address into use. To be called in a network namespace of its own.
pub(super) fn raise() -> Result<(), String> {
    let failed = |why: nix::Error| format!("the loopback address cannot be used: {why}");
    let route = SockProtocol::NetlinkRoute;
    let connection = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, route)
        .map_err(failed)?;
    send(connection.as_raw_fd(), &request(), MsgFlags::empty()).map_err(failed)?;
    let mut answer = [0; 256];
    let count = recv(connection.as_raw_fd(), &mut answer, MsgFlags::empty()).map_err(failed)?;
    // The header is 16 bytes long; behind it stands the error number, negative, or 0.
    let number = answer[..count].get(16..20).and_then(|bytes| bytes.try_into().ok());
    match number.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) => Err(failed(nix::Error::from_raw(-number))),
        None => Err("the loopback address cannot be used: no answer".to_owned()),
    }
}

/// Asks for the interface to be up, and for an answer.
fn request() -> Vec<u8> {
    let up = libc::IFF_UP as u32;
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let mut message = Vec::with_capacity(32);
    message.extend(32_u32.to_ne_bytes());
    message.extend(libc::RTM_NEWLINK.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    message.extend([0; 4]);
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(up.to_ne_bytes());
    message.extend(up.to_ne_bytes());
    message
}
