/** A form that starts a run: for those who are signed in, or for anybody who has its address. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, got, Refusal, type Schemas } from '../api/client.ts';
import { type FieldSpec, Fields, valuesOf } from '../ui/Dialog.tsx';
import { Button, Failed, Loading } from '../ui/kit.tsx';

const KINDS: Record<string, FieldSpec['kind']> = {
  integer: 'number',
  number: 'number',
  boolean: 'check',
  date: 'day',
  list: 'json',
  map: 'json',
  any: 'json',
};

export function fieldsOf(form: Schemas['FormView']): FieldSpec[] {
  return form.fields.map((field) => ({
    name: field.name,
    label: field.name,
    kind: field.options.length > 0 ? 'choice' : (KINDS[field.kind] ?? 'text'),
    options: field.options.map(String),
    help: field.help ?? undefined,
    initial: field.default ?? undefined,
    optional: !field.required,
  }));
}

export function Form() {
  const { form: id } = getRouteApi('/forms/$form').useParams();
  const params = { path: { id } };
  const [error, setError] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  const [sent, setSent] = useState<Schemas['FormSent']>();
  const form = useQuery({
    queryKey: ['forms', id],
    queryFn: () => got(api.GET('/api/v1/forms/{id}', { params })),
    retry: false,
  });
  if (form.error) {
    const isClosed = form.error instanceof Refusal && form.error.status === 401;
    return (
      <Sheet title={isClosed ? 'This form is for people who are signed in' : 'This form cannot be opened'}>
        {isClosed ? (
          <Link to="/sign-in" search={{ next: `/forms/${id}` }} className="text-accent hover:underline">
            Sign in
          </Link>
        ) : (
          <Failed error={form.error} again={() => void form.refetch()} />
        )}
      </Sheet>
    );
  }
  if (!form.data) {
    return (
      <Sheet title="One moment…">
        <Loading lines={4} />
      </Sheet>
    );
  }
  const { title, help } = form.data;
  if (sent) {
    return (
      <Sheet title={title || 'Sent'}>
        <p role="status">Thank you, it was sent.</p>
        <div className="flex items-center gap-4">
          {sent.job ? (
            <Link to="/runs/$job" params={{ job: sent.job }} className="text-accent hover:underline">
              See what comes of it
            </Link>
          ) : null}
          <Button onClick={() => setSent(undefined)}>Fill it in again</Button>
        </div>
      </Sheet>
    );
  }
  const fields = fieldsOf(form.data);
  return (
    <Sheet title={title || 'Form'}>
      {help ? <p className="whitespace-pre-wrap text-soft">{help}</p> : null}
      <form
        className="space-y-4"
        onSubmit={async (event) => {
          event.preventDefault();
          const typed = new FormData(event.currentTarget);
          setBusy(true);
          setError(undefined);
          try {
            const body = valuesOf(fields, typed);
            setSent(await got(api.POST('/api/v1/forms/{id}', { params, body: body as never })));
          } catch (error) {
            setError(error instanceof Error ? error : new Error(String(error)));
          } finally {
            setBusy(false);
          }
        }}
      >
        <Fields fields={fields} />
        {error ? <Failed error={error} /> : null}
        <Button tone="main" type="submit" disabled={isBusy} className="h-9 w-full">
          {isBusy ? 'Sending…' : 'Send'}
        </Button>
      </form>
    </Sheet>
  );
}

function Sheet({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <main className="h-full overflow-y-auto p-4">
      <div className="mx-auto my-8 max-w-lg space-y-4 rounded-xl border bg-card p-6">
        <h1 className="font-semibold text-[17px]">{title}</h1>
        {children}
      </div>
    </main>
  );
}
