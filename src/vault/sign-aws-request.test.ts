import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signAwsRequest } from './sign-aws-request.ts';

// Of the test suite that AWS publishes for Signature Version 4, what a client of ours can send.
// https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html

const token =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

type Vector = {
  name: string;
  method: string;
  url?: string;
  headers?: Record<string, string>;
  body?: string;
  sessionToken?: string;
  signed: string;
  signature: string;
};

// prettier-ignore
const vectors: Vector[] = [
  { name: 'get-vanilla', method: 'GET', signed: 'host;x-amz-date', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  { name: 'get-vanilla-query-order-key-case', method: 'GET', url: '/?Param2=value2&Param1=value1', signed: 'host;x-amz-date', signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500' },
  { name: 'post-vanilla', method: 'POST', signed: 'host;x-amz-date', signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b' },
  { name: 'post-header-key-sort', method: 'POST', headers: { 'My-Header1': 'value1' }, signed: 'host;my-header1;x-amz-date', signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c' },
  { name: 'post-header-value-case', method: 'POST', headers: { 'My-Header1': 'VALUE1' }, signed: 'host;my-header1;x-amz-date', signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d' },
  { name: 'post-x-www-form-urlencoded', method: 'POST', headers: form, body: 'Param1=value1', signed: 'content-type;host;x-amz-date', signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a' },
  { name: 'post-sts-header-before', method: 'POST', sessionToken: token, signed: 'host;x-amz-date;x-amz-security-token', signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead' },
];

describe('a request to AWS', () => {
  for (const {
    name,
    method,
    url = '/',
    headers = {},
    body = '',
    sessionToken,
    signed,
    signature,
  } of vectors) {
    it(`is signed as in AWS’s ${name}`, () => {
      const request = { method, url: new URL(url, 'https://example.amazonaws.com'), headers, body };
      const sent = signAwsRequest(request, {
        credentials: {
          accessKeyId: 'AKIDEXAMPLE',
          secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
          sessionToken: sessionToken ?? null,
        },
        region: 'us-east-1',
        service: 'service',
        now: new Date('2015-08-30T12:36:00Z'),
      });
      const credential = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request';
      assert.equal(
        sent['authorization'],
        `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
      );
    });
  }
});
