/* The commands of labctl and their flags.  Help, the man page's section and bash completion are made
 * from these tables; a command is one row here and one handler in cmd_*.c. */
#include "labd/ctl/ctl.h"

const struct ctl_flag_row ctl_flags[FLAG_COUNT] = {
    [FLAG_SOCKET] = {"socket", 0, "PATH", "labd's local socket (LABCTL_SOCKET; " CTL_SOCKET ")"},
    [FLAG_SERVER] = {"server", 0, "URL", "a labd elsewhere, http:// or https:// (LABCTL_SERVER)"},
    [FLAG_TOKEN] = {"token", 0, "TOKEN", "who you are there (LABCTL_TOKEN)"},
    [FLAG_HELP] = {"help", 'h', NULL, "explain the command"},
    [FLAG_JSON] = {"json", 0, NULL, "print one JSON document"},
    [FLAG_DRIVER] = {"driver", 0, "DRIVER", "what runs the nodes; see labctl status --host"},
    [FLAG_NAME] = {"name", 0, "NAME", "call the lab NAME"},
    [FLAG_WAIT] = {"wait", 0, NULL, "return when it is done, or has failed"},
    [FLAG_HOST] = {"host", 0, NULL, "the machine instead of a lab"},
    [FLAG_ALL] = {"all", 0, NULL, "every lab that you may see"},
    [FLAG_OUTPUT] = {"output", 'o', "FILE", "write there instead of to standard output"},
    [FLAG_WRITE] = {"write", 'w', "FILE", "write there instead of to standard output"},
    [FLAG_NO_STDIN] = {"no-stdin", 'n', NULL, "give the command an empty standard input"},
    [FLAG_HOSTS] = {"hosts", 0, NULL, "graphml: add a host beside each router"},
    [FLAG_DELAY] = {"delay", 0, NULL, "graphml: delays by distance, where coordinates are known"},
    [FLAG_OSPF] = {"ospf", 0, NULL, "graphml: add addresses, and OSPF on all routers"},
    [FLAG_NO_RATES] = {"no-rates", 0, NULL, "graphml: leave the speeds of links out"},
    [FLAG_EXPAND] = {"expand", 0, NULL, "print the topology with all that is made written out"},
    [FLAG_LABELS] = {"labels", 0, "WHICH",
                     "write names, interfaces, or addresses (the default) beside the nodes"},
    [FLAG_STUDENT] = {"student", 0, NULL, "leave out what is hidden from students"},
    [FLAG_FORMAT] = {"format", 0, "FORMAT", "print the report as json, junit or gradescope"},
    [FLAG_RUNS] = {"runs", 0, "N", "try each solution N times, and count the grades that differ"},
    [FLAG_SEED] = {"seed", 0, "N", "give parameters the values of another seed, 0 to 4294967295"},
    [FLAG_MUTANTS] = {"mutants", 0, "[N]", "try the solution with one fault at a time; with N only so many"},
    [FLAG_JOBS] = {"jobs", 'j', "N", "try N at a time, 1 to 16; otherwise one"},
    [FLAG_ONE_LAB] = {"one-lab", 0, NULL, "try all of a run in one lab, and reset between two what differs"},
    [FLAG_LIST] = {"list", 0, NULL, NULL},
    [FLAG_MAN] = {"man", 0, NULL, NULL},
    [FLAG_COMPLETION] = {"completion", 0, NULL, NULL},
};

#define B(f) FLAG_BIT(FLAG_##f)

const struct ctl_cmd ctl_table[] = {
    {"validate", "FILE...", 1, -1, B(OUTPUT) | B(EXPAND) | B(SEED), 0, "file",
     "check topologies and exercises",
     "Checks each _FILE_: a topology, an exercise.xml, or an exercise folder. Prints\n"
     "\"FILE: ok: N nodes, M links\", or one line \"FILE:LINE: error: text\" per problem. With *--expand* it prints\n"
     "the one topology instead, with groups, templates, defaults and the values of parameters written out, and\n"
     "the problems on standard error. Parameters have the values of seed 1, or of *--seed*. Needs no daemon.",
     cmd_validate},
    {"import", "FORMAT PATH", 2, 2, B(OUTPUT) | B(NAME) | B(HOSTS) | B(DELAY) | B(OSPF) | B(NO_RATES), 0,
     "format file", "turn a foreign format into topology XML",
     "Reads _PATH_ and prints topology XML, which *labctl up -* starts. What cannot be carried over is named\n"
     "by a warning on standard error. Needs no daemon. *paralab-import*(5) tells what becomes what. _FORMAT_ is\n"
     "*graphml*, a graph as the Internet Topology Zoo has it, *kathara*, the folder of a lab, *containerlab*, its\n"
     "topology file, or *vnx*, a scenario in VNX 2.0.",
     cmd_import},
    {"export", "FORMAT FILE", 2, 2, B(OUTPUT), 0, "export-format file",
     "turn topology XML into a foreign format",
     "Writes the topology in _FILE_ as *containerlab*, *dot* or *graphml*. What that format has no place for is\n"
     "named by a warning. Needs no daemon.",
     cmd_export},
    {"render", "FILE", 1, 1, B(OUTPUT) | B(LABELS) | B(STUDENT), 0, "file", "draw a topology as SVG",
     "Draws the topology in _FILE_ as the web page does. Hidden parts are marked, or, with *--student*, left out.\n"
     "Needs no daemon.",
     cmd_render},
    {"up", "FILE|EXERCISE|-", 1, 1, B(DRIVER) | B(NAME) | B(WAIT) | B(SEED), CTL_DAEMON, "exercise",
     "start a lab",
     "Starts a lab from a topology file, an exercise folder, standard input (*-*), or the exercise of that\n"
     "name that the site offers, and prints the lab's id. With *--wait* it returns when every node is up, and\n"
     "fails, naming the node, when one could not start; the others keep running then. Parameters have your\n"
     "values, or with *--seed* those of that number.",
     cmd_up},
    {"list", "", 0, 0, B(JSON), CTL_DAEMON, "-", "list the labs that you may see",
     "One line per lab: id, name, exercise, owner, state, nodes that are up.", cmd_list},
    {"status", "[LAB]", 0, 1, B(JSON) | B(HOST), CTL_DAEMON, "lab", "show a lab, or the machine",
     "The state of the lab, its nodes and its links. With *--host*: what the machine can do, which guest\n"
     "drivers work there, and why the others do not.",
     cmd_status},
    {"exec", "LAB NODE -- CMD...", 3, -1, B(NO_STDIN), CTL_DAEMON | CTL_VERBATIM, "lab node -",
     "run a command in a node",
     "Runs _CMD_ as root in the node, with labctl's standard input, output and error, and ends with its exit\n"
     "status. There is no shell in between unless you name one: *sh -c '...'*.",
     cmd_exec},
    {"console", "LAB NODE", 2, 2, 0, CTL_DAEMON, "lab node -", "attach the terminal to a node's console",
     "What was printed before you came is shown first. Several may look and type. *Ctrl-]* detaches; the\n"
     "console goes on without you.",
     cmd_console},
    {"link", "LAB LINK [up|down] [KEY=VALUE...]", 2, -1, 0, CTL_DAEMON, "lab -",
     "show or change a running link",
     "Without more words it shows the link. *up* and *down* plug and pull the cable. The keys *delay* and\n"
     "*jitter* (20ms), *loss*, *duplicate*, *corrupt* and *reorder* (1%) and *rate* (10mbit) impair what\n"
     "passes; 0 takes an impairment away, the word *clear* all of them. They hold for both directions, or,\n"
     "after *from=a* or *from=b*, for what leaves that end.",
     cmd_link},
    {"capture", "LAB LINK|NODE:IF [FILTER...]", 2, -1, B(WRITE), CTL_DAEMON, "lab -",
     "record the packets of a wire",
     "Writes pcapng, live, until Ctrl-C: of a link (seen from its end a), or of a node's interface. _FILTER_ is\n"
     "in the language of *pcap-filter*(7). To watch: *labctl capture LAB LINK | tcpdump -r -*.",
     cmd_capture},
    {"answer", "LAB CHECK TEXT", 3, 3, 0, CTL_DAEMON, "lab -", "answer a question of a lab",
     "Says _TEXT_ to the question _CHECK_, which *labctl status* shows, for the next *labctl grade*; an empty one takes\n"
     "back what was said. Only whoever started the lab may do this.",
     cmd_answer},
    {"grade", "LAB", 1, 1, B(JSON) | B(FORMAT), CTL_DAEMON, "lab", "grade the lab as it stands",
     "Grades the lab and prints the report. _FORMAT_ is *json*, *junit* (JUnit XML, for continuous integration) or\n"
     "*gradescope* (results.json of an autograder). The exit status is 0 if every point was reached, else 1.",
     cmd_grade},
    {"evidence", "ATTEMPT CHECK", 2, 2, B(JSON) | B(WRITE), CTL_DAEMON, "-",
     "show what a check of an attempt saw",
     "One line for each sighting of a packet of the check: when, in milliseconds since grading began, at which\n"
     "port, towards its owner (in) or from it (out), what it was, and its addresses and TTL. With *-w* it writes how\n"
     "those packets began as pcapng instead: of the last round, with one interface for each port; *-w -* is\n"
     "standard output. _ATTEMPT_ is the number in the report (*attempt* of *labctl grade --json*). Only instructors\n"
     "may see it, for it tells where the grader's hosts are and what passes at hidden nodes.",
     cmd_evidence},
    {"regrade", "EXERCISE", 1, 1, B(JSON), CTL_DAEMON, "exercise", "judge all attempts at an exercise again",
     "When a check was wrong and has been mended in the site's exercise folder: labd reads that again, and judges\n"
     "every attempt that has a score by what its probes saw then. Points, and all that only concerns judging,\n"
     "such as hops, bands, status and the like, are those of the mended exercise. Prints each attempt whose score\n"
     "or report changed, with both scores. A check that asks for other probes now keeps its verdict, and of its\n"
     "points the same share; one that did not exist then costs nothing; an attempt without evidence stays as it is:\n"
     "each is named, with why. Scores set by hand stay, and former scores stay visible beside the new ones. Only\n"
     "instructors may do this. The exit status is 1 if something could not be judged again, else 0.",
     cmd_regrade},
    {"scores", "[EXERCISE]", 0, 1, B(OUTPUT), CTL_DAEMON, "exercise", "print the scores of the class as CSV",
     "One row for each student and exercise, or for each student of _EXERCISE_. Only instructors may see it. No cell\n"
     "is a formula: a text that a spreadsheet could take for one has an apostrophe in front.",
     cmd_scores},
    {"reset", "LAB [NODE]", 1, 2, B(WAIT), CTL_DAEMON, "lab node",
     "discard the work in a lab, or in one node",
     "Starts the node, or all of them, afresh from the topology. What was changed in it is lost.", cmd_reset},
    {"start", "LAB [NODE]", 1, 2, B(WAIT), CTL_DAEMON, "lab node", "start stopped nodes again",
     "Boots the node, or every node of the lab that was switched off or has crashed. What was changed on its\n"
     "disk stays. A node that runs is left alone.",
     cmd_start},
    {"suspend", "LAB", 1, 1, B(WAIT), CTL_DAEMON, "lab", "stop a lab where it is, to go on later",
     "The nodes sleep, programs and all, and their memory is free for other labs, until *labctl resume*. With\n"
     "*--wait* it returns when the lab is suspended, and fails if it could not be and goes on running. Not every\n"
     "guest driver can do this: *labctl status --host* says which.",
     cmd_suspend},
    {"resume", "LAB", 1, 1, B(WAIT), CTL_DAEMON, "lab", "let a suspended lab go on",
     "The nodes go on where they were. The exit status is 5 if the machine has no memory for them now; the lab\n"
     "stays suspended then. With *--wait* it returns when every node is up.",
     cmd_resume},
    {"down", "LAB...", 0, -1, B(ALL), CTL_DAEMON, "lab", "stop and remove labs",
     "Returns when nothing of them is left.", cmd_down},
    {"exercise new", "DIR", 1, 1, 0, 0, "dir", "begin an exercise from a small one that works",
     "Makes the folder _DIR_, whose name is the id of the exercise: two hosts on a LAN, instructions, checks, a\n"
     "reference solution and two wrong ones. *labctl exercise test* passes it as it is. Needs no daemon.",
     cmd_exercise_new},
    {"exercise test", "DIR [SOLUTION...]", 1, -1,
     B(DRIVER) | B(JSON) | B(RUNS) | B(SEED) | B(MUTANTS) | B(JOBS) | B(ONE_LAB), CTL_DAEMON, "dir",
     "try an exercise's own solutions",
     "Starts a lab for the exercise's reference solution and one for each of its wrong solutions, or for each\n"
     "_SOLUTION_, a folder as exercise.xml names it; runs their scripts, grades, and compares the score with the\n"
     "one that the author promised. Prints a table; the exit status is 1 on any difference. With *--runs* everything is\n"
     "tried _N_ times, each in a lab of its own, and the share of grades that differ is printed. The labs are\n"
     "removed, also after Ctrl-C. Parameters have values of their own in each run, from a seed that is printed; *--seed*\n"
     "begins with that of _N_.\n"
     "\n"
     "With *--mutants* the reference solution is tried with faults, too, one at a time, of the kinds that students make:\n"
     "a statement is missing, the last digit of an address, of a next hop or of a prefix length is another, an interface\n"
     "is another of that node, something is switched on instead of off. Such a mutant is called after its place,\n"
     "*r1.sh:3 drop*, and can be tried alone by that name. One that scores everything survives: that is a failure, and\n"
     "what differs is printed. *paralab-exercise*(5) tells what to do then. With _N_ only so many are tried, spread over\n"
     "the whole, and always the same ones.\n"
     "\n"
     "With *--one-lab* all trials of a run share a lab. Between two the nodes whose scripts differ are reset, and only\n"
     "their scripts run; the others go on as they are, unless grading has rebooted nodes. That is much faster where\n"
     "starting a lab takes long, and a little less sure: a node may remember what its neighbour was before.\n"
     "\n"
     "A trial mostly waits for the network. *-j* has _N_ of them at a time; *labd*(8) grades four labs at once for each\n"
     "processor of its machine.",
     cmd_exercise_test},
    {"help", "[COMMAND]", 0, 2, B(LIST) | B(MAN) | B(COMPLETION), 0, "command", "explain a command",
     "Without _COMMAND_ it lists all of them.", cmd_help},
    {"version", "", 0, 0, 0, 0, "-", "print the version", "Prints labctl's version.", cmd_version},
    {NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL},
};
