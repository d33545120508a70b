import { parse, parseDocument } from 'yaml';
import { describe, expect, it, test } from 'vitest';
import { copyText, duplicate, insert, move, remove, unwrap, withFreshIds, wrap } from './arrange.ts';
import { extract } from './extract.ts';
import { renameId, renameValue } from './names.ts';
import { put } from './put.ts';
import { blocksOf, files, manuals, model, sure } from './samples.testing.ts';
import { apply } from './splice.ts';
import { type Model, type Step, pathText, startsWith, stepAt } from './tree.ts';

const SAMPLES = [...files(), ...manuals()];

/** The step with this name, id or node. */
function step(of: Model, name: string): Step {
  const found = of.steps.find((one) => one.name === name || one.id === name || one.use === name);
  if (!found) {
    throw new Error(`no step ${name}`);
  }
  return found;
}

function set(of: Model, path: (string | number)[], value: unknown): string {
  return apply(of.text, put(of, path, value));
}

const GREET = `# Greets everybody.
casare: 1
name: greet
variables:
  sent: 0   # counts
steps:
  # Who there is.
  - id: people
    use: excel.read
    with: { path: people.xlsx }

  - name: Each of them
    use: flow.for_each
    with: { items: "{{ steps.people.rows }}", as: person }
    do:
      - use: log.write
        with: { message: "Hi, {{ person.name }}" }   # loud
      - use: data.increment
        with: { name: sent }

  - use: flow.if
    with:
      condition: "{{ vars.sent > 0 }}"
    then: []
outputs:
  sent: "{{ vars.sent }}"
`;

describe('every workflow of the repository', () => {
  it('is found', () => {
    expect(files().length).toBeGreaterThanOrEqual(7);
    expect(manuals().length).toBeGreaterThan(250);
  });

  test.each(SAMPLES)('%s: an edit changes what it says it changes, and taking it back leaves no trace', (_, text) => {
    const before = model(text);
    for (const { path } of before.steps) {
      const one = stepAt(before, path) as Step;
      const disabled = set(before, [...path, 'disabled'], true);
      expect(set(model(disabled), [...path, 'disabled'], undefined)).toBe(text);

      const copied = duplicate(before, [one], () => []);
      const copies = model(copied?.text ?? '');
      expect(copies.steps.length).toBeGreaterThan(before.steps.length);
      expect(remove(copies, [stepAt(copies, copied?.at ?? []) as Step])).toBe(text);

      const note = model(set(before, [...path, 'note'], 'Look: "here" #1'));
      expect(note.doc.getIn([...path, 'note'])).toBe('Look: "here" #1');
      const changed = parse(text);
      expect(parse(set(note, [...path, 'note'], undefined))).toEqual(changed);
    }
  });

  test.each(SAMPLES)('%s: steps change places and come back', (_, text) => {
    const before = model(text);
    const data = parse(text);
    for (const one of before.steps) {
      const next = one.list.steps[one.index + 1];
      if (!next) {
        continue;
      }
      const moved = move(before, [one], { list: one.list, index: one.index + 2 });
      const after = model(moved?.text ?? '');
      const there = stepAt(after, moved?.at ?? []) as Step;
      expect(there.use).toBe(one.use);
      expect(there.index).toBe(one.index + 1);
      const back = move(after, [there], { list: there.list, index: one.index });
      expect(parse(back?.text ?? '')).toEqual(data);
    }
  });
});

describe('settings', () => {
  it('are set where they are written, and the rest stays to the byte', () => {
    const before = model(GREET);
    const path = [...step(before, 'people').path];

    const changed = set(before, [...path, 'with', 'path'], '{{ inputs.file }}');
    const added = set(before, [...path, 'with', 'header'], true);
    const named = set(before, [...path, 'name'], 'Read: all');

    expect(changed).toBe(GREET.replace('path: people.xlsx', 'path: "{{ inputs.file }}"'));
    expect(added).toBe(GREET.replace('people.xlsx }', 'people.xlsx, header: true }'));
    expect(named).toBe(GREET.replace('id: people\n', 'id: people\n    name: "Read: all"\n'));
  });

  it('of one line become lines of their own when they grow', () => {
    const before = model(GREET);
    const path = [...step(before, 'people').path];
    const text = 'x'.repeat(100);

    const after = set(before, [...path, 'with', 'sheet'], text);

    expect(after).toContain(`    with:\n      path: people.xlsx\n      sheet: ${text}\n`);
  });

  it('with several lines are written as a block', () => {
    const before = model('steps:\n  - use: script.javascript\n    with: { code: "1" }\n');

    const after = set(before, ['steps', 0, 'with', 'code'], 'const a = 1;\nreturn a;\n');

    expect(after).toBe(
      'steps:\n  - use: script.javascript\n    with:\n      code: |\n        const a = 1;\n        return a;\n',
    );
    const again = set(model(after), ['steps', 0, 'with', 'code'], 'return 2;');
    expect(parse(again).steps[0].with.code).toBe('return 2;');
  });

  it('take their map along when the last one goes', () => {
    const before = model(GREET);
    const after = set(before, [...step(before, 'people').path, 'with', 'path'], undefined);

    expect(after).toBe(GREET.replace('    with: { path: people.xlsx }\n', ''));
  });

  it('keep the comments beside them', () => {
    const after = set(model(GREET), ['variables', 'sent'], 5);

    expect(after).toBe(GREET.replace('sent: 0   # counts', 'sent: 5   # counts'));
  });

  it('are set inside lists and maps that are not there yet', () => {
    const before = model('steps:\n  - use: a\n');
    const once = set(before, ['steps', 0, 'with', 'fields', 'label=Name'], '{{ x }}');
    const twice = set(model(once), ['steps', 0, 'with', 'rows', 0], 1);

    expect(parse(twice).steps[0].with).toEqual({ fields: { 'label=Name': '{{ x }}' }, rows: [1] });
  });

  it('are written in JSON where the workflow is', () => {
    const before = model('{"casare": 1, "steps": [{"use": "a", "with": {"b": 1}}]}');
    const after = set(before, ['steps', 0, 'with', 'c'], 'x');

    expect(JSON.parse(after).steps[0].with).toEqual({ b: 1, c: 'x' });
  });

  it('that come first make room before the node', () => {
    const after = set(model('steps:\n  - use: a\n'), ['steps', 0, 'id'], 'first');

    expect(after).toBe('steps:\n  - id: first\n    use: a\n');
    expect(set(model(after), ['steps', 0, 'id'], undefined)).toBe('steps:\n  - use: a\n');
  });
});

describe('steps', () => {
  it('go into an empty block', () => {
    const before = model(GREET);
    const branch = step(before, 'flow.if');

    const after = insert(before, { list: sure(branch.lists[0]), index: 0 }, '- use: flow.break\n');

    expect(after.text).toBe(GREET.replace('then: []', 'then:\n      - use: flow.break'));
    expect(pathText(after.at)).toBe('steps[2].then[0]');
  });

  it('go into a block that is not written yet', () => {
    const before = model('steps:\n  - use: flow.repeat\n    with: { times: 2 }\n');

    const after = insert(before, { list: sure(before.steps[0]?.lists[0]), index: 0 }, '- use: a\n');

    expect(after.text).toBe('steps:\n  - use: flow.repeat\n    with: { times: 2 }\n    do:\n      - use: a\n');
  });

  it('go into a workflow that has none', () => {
    for (const text of ['casare: 1\nname: a\n', 'casare: 1\nname: a\nsteps: []\n', 'casare: 1\nname: a\nsteps:\n']) {
      const before = model(text);
      const after = insert(before, { list: before.root, index: 0 }, '- use: a\n');
      expect(parse(after.text)).toEqual({ casare: 1, name: 'a', steps: [{ use: 'a' }] });
    }
  });

  it('move into a block with their comments, and the block shifts them', () => {
    const before = model(GREET);
    const loop = step(before, 'Each of them');

    const after = move(before, [step(before, 'people')], { list: sure(loop.lists[0]), index: 1 });

    expect(after?.text).toContain(
      '# loud\n      # Who there is.\n      - id: people\n        use: excel.read\n        with: { path: people.xlsx }\n      - use: data.increment',
    );
    expect(pathText(after?.at ?? [])).toBe('steps[0].do[1]');
    const read = model(after?.text ?? '');
    expect(stepAt(read, after?.at ?? [])?.id).toBe('people');
  });

  it('do not move into themselves', () => {
    const before = model(GREET);
    const loop = step(before, 'Each of them');

    expect(move(before, [loop], { list: sure(loop.lists[0]), index: 0 })).toBeUndefined();
  });

  it('leave an empty block behind', () => {
    const before = model(GREET);
    const inner = before.steps.filter((one) => startsWith(one.path, ['steps', 1, 'do']));

    expect(remove(before, inner)).toContain('as: person }\n    do: []\n\n  - use: flow.if');
  });

  it('are wrapped and unwrapped', () => {
    const before = model(GREET);
    const loop = step(before, 'Each of them');

    const wrapped = wrap(before, [loop], '- use: flow.try\n', 'do');
    const read = model(wrapped?.text ?? '');
    const back = unwrap(read, sure(read.steps[1]), sure(read.steps[1]?.lists[0]));

    expect(wrapped?.text).toContain('  - use: flow.try\n    do:\n      - name: Each of them\n        use: flow.for_each');
    expect(back?.text).toBe(GREET);
  });

  it('that are pasted get ids that are free, and still find each other', () => {
    const before = model(GREET);
    const items = '- id: people\n  use: excel.read\n- use: log.write\n  with: { message: "{{ steps.people.rows }}" }\n';

    expect(withFreshIds(before, items, blocksOf)).toBe(items.replaceAll('people', 'people_2'));
  });

  it('are copied as text that others can paste', () => {
    const before = model(GREET);
    const loop = step(before, 'Each of them');
    const inner = sure(loop.lists[0]).steps;

    expect(copyText(before, [...inner, loop])).toBe(copyText(before, [loop]));
    expect(parse(copyText(before, inner))).toEqual(parse(GREET).steps[1].do);
  });
});

describe('names', () => {
  it('of steps change everywhere', () => {
    const before = model(GREET);

    expect(renameId(before, step(before, 'people'), 'guests')).toBe(GREET.replaceAll(/(id: |steps\.)people/g, '$1guests'));
  });

  it('in code, texts and conditions: only expressions are read', () => {
    const text = `inputs:
  rows: list
steps:
  - use: flow.if
    when: inputs.rows
    with: { condition: "inputs.rows and vars.x" }
  - use: script.javascript
    with: { code: "return inputs.rows", inputs: { rows: "{{ inputs.rows }}" }, note: inputs.rows }
`;
    const after = renameValue(model(text), 'inputs', 'rows', 'lines');

    expect(parse(after)).toEqual({
      inputs: { lines: 'list' },
      steps: [
        { use: 'flow.if', when: 'inputs.lines', with: { condition: 'inputs.lines and vars.x' } },
        {
          use: 'script.javascript',
          with: { code: 'return inputs.rows', inputs: { rows: '{{ inputs.lines }}' }, note: 'inputs.rows' },
        },
      ],
    });
  });

  it('of variables change everywhere, and nothing else does', () => {
    const text = `${GREET}  other: "{{ vars.sent_at ~ vars['sent'] ~ x.vars.sent }}"\n`;

    const after = renameValue(model(text), 'vars', 'sent', 'done');

    expect(after).toContain('{{ vars.sent_at ~ vars[\'done\'] ~ x.vars.sent }}');
    expect(after).toContain('with: { name: done }');
    expect(after).toContain('variables:\n  done: 0   # counts');
  });
});

it('steps become a workflow of their own that is given what it reads', () => {
  const text = GREET.replace('sent: "{{ vars.sent }}"', 'sent: "{{ steps.people.rows }}"').replace(
    'path: people.xlsx',
    'path: "{{ inputs.book }}"',
  );
  const before = model(text);

  const result = extract(before, [step(before, 'people')], 'read-people');

  expect(parse(result?.callee ?? '')).toEqual({
    casare: 1,
    name: 'read-people',
    inputs: { book: { required: true } },
    steps: [{ id: 'people', use: 'excel.read', with: { path: '{{ inputs.book }}' } }],
    outputs: { people_rows: '{{ steps.people.rows }}' },
  });
  const caller = parse(result?.caller ?? '');
  expect(caller.steps[0]).toEqual({
    id: 'read_people',
    use: 'flow.call',
    with: { workflow: 'read-people.workflow.yaml', inputs: { book: '{{ inputs.book }}' } },
  });
  expect(caller.outputs.sent).toBe('{{ steps.read_people.people_rows }}');
});

describe('code', () => {
  const TEXT = `steps:
  - id: code
    use: script.javascript
    with:
      code: |
        const a = 1;
        return a;
      inputs: { rows: [1] }
  - use: b
`;

  it.each(['const a = 1;\nreturn a;\n// ok', 'one line', 'a\n\n  b\n', '  indented\nfirst\n', ' ', 'a\n\n\n', 'a: "b"\n# c\n'])(
    'is changed to %j and the rest stays',
    (code) => {
      const after = set(model(TEXT), ['steps', 0, 'with', 'code'], code);
      const steps = parse(after).steps;

      expect(steps[0].with).toEqual({ code, inputs: { rows: [1] } });
      expect(steps[1]).toEqual({ use: 'b' });
      const again = set(model(after), ['steps', 0, 'with', 'code'], 'const a = 1;\nreturn a;\n');
      expect(again).toBe(TEXT);
    },
  );

  it('at the end of the file is changed, too', () => {
    const text = 'steps:\n  - use: script.javascript\n    with:\n      code: |\n        a\n        b\n';
    const after = set(model(text), ['steps', 0, 'with', 'code'], 'c\nd\n');

    expect(after).toBe(text.replace('a\n        b', 'c\n        d'));
  });
});

const AWKWARD = [
  'a: b', '# c', "it's", '"q"', '{{ x }}', '- a', 'true', '1', '', ' lead', 'trail ', 'a\nb', '*x', '&y', '%z', '@', '`t`',
  '[a', '{b', 'ü: {{ "q" }}', 'a, b', '? k', 'x #y', '\ttab', '~', 'null', '2026-01-01', 3, 0.5, true, [1, 'a, b'], { 'a: b': 'c}' },
  [], {}, [{ a: 'x\ny' }], 'long '.repeat(40),
];

test.each(SAMPLES.filter((_, index) => index % 6 === 0))('%s: whatever is set can be read again, and goes without a trace', (_, text) => {
  const before = model(text);
  const data = parse(text);
  const [one] = before.steps;
  for (const value of AWKWARD) {
    const path = [...(one as Step).path, 'with', 'probe: x'];
    const changed = set(before, path, value);
    expect(parseDocument(changed).errors, `${JSON.stringify(value)} in ${changed}`).toEqual([]);
    const after = model(changed);
    expect(after.doc.toJS().steps[0].with['probe: x'], JSON.stringify(value)).toEqual(value);
    const gone = parse(set(after, path, undefined));
    expect(gone).toEqual(data);
  }
});
