/** Signing in, and using a one-time link. */

import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api, got } from '../api/client.ts';
import { me } from '../api/queries.ts';
import { type FieldSpec, Fields, type Values, valuesOf } from '../ui/Dialog.tsx';
import { Button, Failed } from '../ui/kit.tsx';

function Door({
  title,
  fields,
  action,
  onDo,
  children,
}: {
  title: string;
  fields: FieldSpec[];
  action: string;
  onDo: (values: Values) => Promise<void>;
  children?: ReactNode;
}) {
  const [error, setError] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  return (
    <main className="flex h-full items-center justify-center overflow-y-auto p-4">
      <form
        className="w-full max-w-sm space-y-4 rounded-xl border bg-card p-6"
        onSubmit={async (event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          setBusy(true);
          setError(undefined);
          try {
            await onDo(valuesOf(fields, form));
          } catch (error) {
            setError(error instanceof Error ? error : new Error(String(error)));
            setBusy(false);
          }
        }}
      >
        <div className="flex items-center gap-2.5">
          <img src="/icon.svg" alt="" width={28} height={28} />
          <h1 className="font-semibold text-[17px]">{title}</h1>
        </div>
        {children}
        <Fields fields={fields} />
        {error ? <Failed error={error} /> : null}
        <Button tone="main" type="submit" disabled={isBusy} className="h-9 w-full">
          {isBusy ? 'One moment…' : action}
        </Button>
      </form>
    </main>
  );
}

/** Only places of this page: an address could be made to lead elsewhere. */
function inside(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/';
}

export function SignIn() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const { next } = getRouteApi('/sign-in').useSearch();
  return (
    <Door
      title="Sign in to Casare"
      action="Sign in"
      fields={[
        { name: 'email', label: 'Email', kind: 'email', autoComplete: 'username' },
        { name: 'password', label: 'Password', kind: 'password', autoComplete: 'current-password' },
      ]}
      onDo={async ({ email, password }) => {
        const who = await got(
          api.POST('/api/v1/sign-in', { body: { email: String(email), password: String(password) } }),
        );
        client.clear();
        client.setQueryData(me.queryKey, who);
        await navigate({ to: inside(next) });
      }}
    />
  );
}

export function Join() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const token = window.location.hash.slice(1);
  if (!token) {
    return (
      <main className="flex h-full items-center justify-center p-4">
        <p>This link is not whole: what stands after # is missing. Copy all of it.</p>
      </main>
    );
  }
  return (
    <Door
      title="Welcome to Casare"
      action="Go in"
      fields={[
        { name: 'name', label: 'Your name', autoComplete: 'name' },
        {
          name: 'email',
          label: 'Email',
          kind: 'email',
          optional: true,
          autoComplete: 'username',
          help: 'The first owner sets it; leave it empty if you were invited.',
        },
        {
          name: 'password',
          label: 'Password',
          kind: 'password',
          autoComplete: 'new-password',
          help: 'At least 12 characters.',
        },
      ]}
      onDo={async ({ name, email, password }) => {
        const body = {
          token,
          name: String(name),
          password: String(password),
          ...(email ? { email: String(email) } : {}),
        };
        const who = await got(api.POST('/api/v1/use-link', { body }));
        client.clear();
        client.setQueryData(me.queryKey, who);
        await navigate({ to: '/' });
      }}
    >
      <p className="text-soft">This link works once. Choose a password; you sign in with it from now on.</p>
    </Door>
  );
}
