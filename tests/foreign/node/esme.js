// An ESME: submits COUNT messages, ten at a time, waits for as many receipts, and tells of both.
'use strict';

const smpp = require('smpp');

const [port, count] = process.argv.slice(2).map(Number);
const ids = [];
const receipts = [];
let sent = 0;

const session = smpp.connect({ host: '127.0.0.1', port });

function submit() {
    if (sent === count) return;
    sent += 1;
    const message = {
        source_addr: '1234',
        destination_addr: '4477009001',
        short_message: `message ${sent}`,
        registered_delivery: 1,
    };
    session.submit_sm(message, (answer) => {
        if (answer.command_status !== 0) throw new Error(`status ${answer.command_status}`);
        ids.push(answer.message_id);
        submit();
        finish();
    });
}

function finish() {
    if (ids.length < count || receipts.length < count) return;
    session.unbind(() => {
        session.close();
        console.log(JSON.stringify({ ids, receipts }));
    });
}

session.on('connect', () => {
    session.bind_transceiver({ system_id: 'acme', password: 'secret' }, (answer) => {
        if (answer.command_status !== 0) throw new Error(`status ${answer.command_status}`);
        for (let n = 0; n < 10; n += 1) submit();
    });
});
session.on('enquire_link', (pdu) => session.send(pdu.response()));
session.on('deliver_sm', (pdu) => {
    const named = /^id:(\S+) /.exec(pdu.short_message.message);
    receipts.push({ text: named && named[1], tlv: pdu.receipted_message_id });
    session.send(pdu.response());
    finish();
});
