import { describe, expect, test } from 'vitest';
import { faultOf } from '../../../../src/adapters/postgres/faults.js';

const coded = (code: string, message = 'some text'): Error => Object.assign(new Error(message), { code });

describe('an error of PostgreSQL', () => {
  test.each([
    [coded('28P01', 'password authentication failed for user "ekimi"'), 'denied'],
    [coded('28000', 'no pg_hba.conf entry for host'), 'denied'],
    [coded('42501'), 'denied'],
    [coded('3D000'), 'denied'],
    [coded('53300', 'sorry, too many clients already'), 'too-many-clients'],
    [coded('57P03', 'the database system is starting up'), 'starting-up'],
    [coded('57014', 'canceling statement due to statement timeout'), 'bad-reply'],
    [coded('57P01', 'terminating connection due to administrator command'), 'closed'],
    [coded('XX001'), 'bad-reply'],
    [coded('ECONNREFUSED'), 'refused'],
    [coded('ENOTFOUND'), 'unresolved'],
    [coded('EHOSTUNREACH'), 'unreachable'],
    [coded('ETIMEDOUT'), 'timeout'],
    [coded('ECONNRESET'), 'closed'],
    [coded('EPIPE'), 'closed'],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'certificate'],
    [new Error('Query read timeout'), 'timeout'],
    [new Error('timeout exceeded when trying to connect'), 'timeout'],
    [new Error('Connection terminated due to connection timeout'), 'timeout'],
    [new Error('Connection terminated unexpectedly'), 'closed'],
    [new Error('The server does not support SSL connections'), 'certificate'],
    [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'denied'],
  ])('%s is %s', (error, fault) => {
    expect(faultOf(error).fault).toBe(fault);
  });

  test.each([
    ['53300', 'tut mir leid, schon zu viele Verbindungen', 'too-many-clients'],
    ['57P03', 'система баз данных запускается', 'starting-up'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificat auto-signé', 'certificate'],
    ['28P01', 'autenticazione fallita per l\'utente "ekimi"', 'denied'],
  ])('[S7] %s means the same in any language of the server', (code, message, fault) => {
    expect(faultOf(coded(code, message)).fault).toBe(fault);
  });

  test('a server that is starting says so in its own words, because that is not silence', () => {
    expect(faultOf(coded('57P03', 'the database system is starting up')).why).toContain('starting up');
  });

  test('what nobody has seen is unreachable, in its own words', () => {
    expect(faultOf(new Error('odd'))).toEqual({ fault: 'unreachable', why: 'odd' });
    expect(faultOf(null).fault).toBe('unreachable');
  });
});
