/* The words of the enums of a plan in JSON, by value; each list ends with NULL.  Used by plan_json.c
 * and plan_parse.c. */
#ifndef TOPOLOGY_PLAN_WORDS_H
#define TOPOLOGY_PLAN_WORDS_H

extern const char *const plan_node_kinds[],
    *const plan_bridge_kinds[], *const plan_segment_kinds[], *const plan_vlan_modes[], *const plan_mirrors[];

#endif
