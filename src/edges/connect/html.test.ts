import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { html } from './html.ts';

describe('html', () => {
  it('escapes every value, in text and in attributes', () => {
    const name = `<b a='1' b="2">&amp;</b>`;
    assert.equal(
      html`<p title="${name}">${name}</p>`.toString(),
      '<p title="&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;amp;&lt;/b&gt;">&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;amp;&lt;/b&gt;</p>',
    );
  });

  it('leaves its own markup, in lists too, and writes nothing for null and false', () => {
    const items = ['<', 2].map((text) => html`<b>${text}</b>`);
    assert.equal(html`${items}${null}${false}`.toString(), '<b>&lt;</b><b>2</b>');
  });

  it('shows nothing of what turns text round or hides it, and keeps letters that join', () => {
    assert.equal(html`${'a\u202eb\u0000c\u200bd\ufeff\n'}`.toString(), 'a b c d  ');
    assert.equal(html`${'\u{1f468}\u200d\u{1f469}'}`.toString(), '\u{1f468}\u200d\u{1f469}');
    assert.equal(html`${'ada\u061c@x\u3164y\u{e0041}z'}`.toString(), 'ada @x y z');
    assert.equal(html`${'\ud800x'}`.toString(), '\ufffdx');
  });
});
