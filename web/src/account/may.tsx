/** What whoever is signed in may do. The server refuses the rest, so that the page does not offer it. */

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { me } from '../api/queries.ts';

export type Permission =
  | 'account:own'
  | 'asset:write'
  | 'credential:write'
  | 'hook:write'
  | 'job:control'
  | 'job:read'
  | 'key:write'
  | 'queue:use'
  | 'queue:write'
  | 'robot:control'
  | 'robot:read'
  | 'robot:write'
  | 'schedule:write'
  | 'task:answer'
  | 'trigger:write'
  | 'user:write'
  | 'workflow:publish'
  | 'workflow:run'
  | 'workflow:write';

export function useMay(): (permission: Permission) => boolean {
  const who = useQuery(me).data;
  return (permission) => who?.permissions.includes(permission) ?? false;
}

/** Shown only to those who may do what is in it. */
export function May({ needs, children }: { needs: Permission; children: ReactNode }) {
  const may = useMay();
  return may(needs) ? children : null;
}
