// An SMSC: takes all, sends a receipt for each message, every fifth before the answer. When its
// session ends, it tells what it had and ends too.
'use strict';

const smpp = require('smpp');

const told = { taken: 0, acknowledged: 0, refused: 0 };

const server = smpp.createServer((session) => {
    session.on('bind_transceiver', (pdu) => session.send(pdu.response({ system_id: 'node' })));
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('submit_sm', (pdu) => {
        told.taken += 1;
        const id = `${told.taken}-${told.taken.toString(16)}`;
        const report = () => session.deliver_sm({
            source_addr: pdu.destination_addr,
            destination_addr: pdu.source_addr,
            esm_class: 4,
            short_message: `id:${id} sub:001 dlvrd:001 submit date:2611281200 `
                + 'done date:2611281200 stat:DELIVRD err:000 text:',
            receipted_message_id: id,
            message_state: 2,
        }, (answer) => {
            told[answer.command_status === 0 ? 'acknowledged' : 'refused'] += 1;
        });
        const early = told.taken % 5 === 0;
        if (early) report();
        session.send(pdu.response({ message_id: id }));
        if (!early) report();
    });
    session.on('unbind', (pdu) => session.send(pdu.response()));
    session.on('close', () => {
        server.close();
        console.log(JSON.stringify(told));
    });
});

server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listens'));
