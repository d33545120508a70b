import { expect, it } from 'vitest';
import { inputsOf } from './RunDialog.tsx';

it('asks for the inputs that a workflow declares', () => {
  const fields = inputsOf(
    'casare: 1\nname: a\ninputs:\n  who: { type: string, description: Whom to greet }\n  times: { type: number, default: 2 }\n',
  );

  expect(fields.map(({ name, kind, optional }) => [name, kind, optional])).toEqual([
    ['who', 'text', false],
    ['times', 'number', true],
  ]);
});

it('asks nothing of a text that is not a workflow', () => {
  expect(inputsOf(': : :')).toEqual([]);
});
