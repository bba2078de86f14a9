// A list of tabs with the keys that people expect: arrows move and select, Home and End jump.
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';

export interface Tab {
    id: string;
    label: ComponentChildren;
}

interface Props {
    name: string; // what the tabs are of
    prefix: string; // ids are PREFIX-tab-ID and PREFIX-panel-ID
    tabs: Tab[];
    active: string | null;
    onSelect: (id: string) => void;
    onDelete?: (id: string) => void; // the Delete key
}

export const tabId = (prefix: string, id: string) => `${prefix}-tab-${id}`;
export const panelId = (prefix: string, id: string) => `${prefix}-panel-${id}`;

export function Tabs({ name, prefix, tabs, active, onSelect, onDelete }: Props) {
    const list = useRef<HTMLDivElement>(null);
    const go = (to: number) => {
        const t = tabs[(to + tabs.length) % tabs.length];
        if (t === undefined) return;
        onSelect(t.id);
        list.current?.querySelector<HTMLElement>(`#${tabId(prefix, t.id)}`)?.focus();
    };
    const key = (e: JSX.TargetedKeyboardEvent<HTMLButtonElement>, at: number) => {
        if (e.key === 'ArrowRight') go(at + 1);
        else if (e.key === 'ArrowLeft') go(at - 1);
        else if (e.key === 'Home') go(0);
        else if (e.key === 'End') go(-1);
        else if (e.key === 'Delete' && onDelete !== undefined) onDelete(tabs[at]?.id ?? '');
        else return;
        e.preventDefault();
    };
    return (
        <div class="tabs" role="tablist" aria-label={name} ref={list}>
            {tabs.map((t, i) => (
                <button
                    key={t.id}
                    type="button"
                    role="tab"
                    id={tabId(prefix, t.id)}
                    aria-selected={t.id === active}
                    aria-controls={panelId(prefix, t.id)}
                    tabIndex={t.id === active ? 0 : -1}
                    onClick={() => onSelect(t.id)}
                    onKeyDown={(e) => key(e, i)}
                >
                    {t.label}
                </button>
            ))}
        </div>
    );
}
