#include "tts/voice_process.h"

#include "tts/espeak_voice.h"
#include "tts/utterance_list.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ENGINE_RATE_MAX_HZ = 22050,
    SAMPLES_MAX = VOICE_DURATION_MAX_SECONDS * ENGINE_RATE_MAX_HZ,
    PHONES_MAX = 16384,
    CPU_LIMIT_SECONDS = 30,
    ENGINE_SOCKET = 3
};

/* What the engine says of one text. */
struct utterance {
    enum status outcome;
    char explanation[STATUS_TEXT_BYTES];
    struct speech speech;
    struct phone phones[PHONES_MAX];
    int16_t samples[SAMPLES_MAX];
};

/* What the caller and the engine's processes share. */
struct exchange {
    char name[VOICE_NAME_BYTES];
    char text[VOICE_TEXT_BYTES_MAX + 1];
    unsigned rate_wpm, pitch;
    unsigned place; /* of the utterance that is asked for */

    bool is_speaking; /* a copy is at work on the text */
    unsigned rate_hz;
    struct utterance utterances[2]; /* one is spoken while the caller reads the other */
};

struct voice_process {
    struct exchange *exchange; /* shared mapping */
    pid_t pid;
    int socket;
    bool is_fresh; /* the copy has not spoken yet */
    bool is_asked; /* an utterance was begun and not ended */
    unsigned place;
    struct utterance_list said; /* by the copy at work, the utterance that was begun included */
};

/* What goes over the socket, one byte each. Only REQUEST_SPEAK is answered. */
enum request { REQUEST_SPEAK, REQUEST_RENEW };
enum answer { ANSWER_DONE, ANSWER_CRASHED, ANSWER_NO_COPY };

/* Why a copy ended of its own will. */
enum copy_end { COPY_RENEW = 10, COPY_CLOSED = 11 };

static void note_outcome(struct utterance *utterance, enum status outcome)
{
    utterance->outcome = outcome;
    snprintf(utterance->explanation, sizeof utterance->explanation, "%s",
             outcome == STATUS_OK ? "" : status_text());
}

/* Without the caller's files: an inherited lock or socket would outlive its owner here. */
static void leave_the_caller(int socket)
{
    const int usual_ones[] = { SIGCHLD, SIGPROF, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    struct sigaction ignore = { .sa_handler = SIG_IGN }, usual = { .sa_handler = SIG_DFL };
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGTERM, &ignore, NULL);
    for (size_t s = 0; s < sizeof usual_ones / sizeof usual_ones[0]; s++)
        sigaction(usual_ones[s], &usual, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (socket != ENGINE_SOCKET)
        dup2(socket, ENGINE_SOCKET);
    close_range(ENGINE_SOCKET + 1, ~0u, 0);
}

/* The first utterance loads what the library loads late, once instead of in every copy. */
static void warm_up(void)
{
    int16_t samples[256];
    struct phone phones[1];
    struct speech speech = {
        .samples = samples, .samples_max = 256, .phones = phones, .phones_max = 1
    };
    if (espeak_voice_speak(&speech, "1", 175, 50) != STATUS_OK)
        fprintf(stderr, "%s\n", status_text());
}

static void limit_cpu(time_t seconds)
{
    const struct itimerval limit = { .it_value = { .tv_sec = seconds } };
    setitimer(ITIMER_PROF, &limit, NULL);
}

static void speak(struct exchange *exchange)
{
    struct utterance *utterance = &exchange->utterances[exchange->place];
    utterance->speech = (struct speech){ .samples = utterance->samples,
                                         .samples_max = SAMPLES_MAX,
                                         .phones = utterance->phones,
                                         .phones_max = PHONES_MAX };
    limit_cpu(CPU_LIMIT_SECONDS);
    note_outcome(utterance, espeak_voice_speak(&utterance->speech, exchange->text,
                                               exchange->rate_wpm, exchange->pitch));
    limit_cpu(0);
}

/* The next request; false where the caller is gone. */
static bool receive(char *request)
{
    ssize_t got = 0;
    do
        got = recv(ENGINE_SOCKET, request, 1, 0);
    while (got < 0 && errno == EINTR);
    return got == 1;
}

static bool answer_with(enum answer answer)
{
    const char byte = (char)answer;
    return send(ENGINE_SOCKET, &byte, 1, MSG_NOSIGNAL) == 1;
}

/* The life of a copy. It answers the caller itself. */
static void speak_a_batch(struct exchange *exchange)
{
    char request = 0;
    while (receive(&request)) {
        if (request == REQUEST_RENEW)
            _exit(COPY_RENEW);
        exchange->is_speaking = true;
        speak(exchange);
        exchange->is_speaking = false;
        if (!answer_with(ANSWER_DONE))
            break;
    }
    _exit(COPY_CLOSED);
}

/* A text that the engine cannot bear ends the copy at work on it, and would again. A copy that was
 * killed from outside, or while it waited, says nothing about a text; what the batch would have
 * sounded like is lost with it. */
static bool is_crash_of_text(int how, const struct exchange *exchange)
{
    return exchange->is_speaking &&
           !(WIFSIGNALED(how) && (WTERMSIG(how) == SIGKILL || WTERMSIG(how) == SIGTERM));
}

/* Makes a copy, waits for its end and speaks for it where it cannot. False where the caller is
 * gone, or is to be told that this process is. */
static bool run_a_copy(struct exchange *exchange)
{
    exchange->is_speaking = false;
    const pid_t copy = fork();
    if (copy == 0)
        speak_a_batch(exchange);
    if (copy < 0) {
        char request = REQUEST_RENEW;
        return receive(&request) && (request == REQUEST_RENEW || answer_with(ANSWER_NO_COPY));
    }
    int how = 0;
    while (waitpid(copy, &how, 0) < 0)
        if (errno != EINTR)
            return false;
    if (WIFEXITED(how) && WEXITSTATUS(how) == COPY_RENEW)
        return true;
    if (WIFEXITED(how) && WEXITSTATUS(how) == COPY_CLOSED)
        return false;
    return is_crash_of_text(how, exchange) && answer_with(ANSWER_CRASHED);
}

/* The life of the engine's process. It returns to nobody. */
static void serve(struct exchange *exchange, int socket)
{
    leave_the_caller(socket);
    const enum status opened = espeak_voice_open(&exchange->rate_hz, exchange->name);
    note_outcome(&exchange->utterances[0], opened);
    if (opened == STATUS_OK)
        warm_up();
    bool goes_on = answer_with(ANSWER_DONE) && opened == STATUS_OK;
    while (goes_on)
        goes_on = run_a_copy(exchange);
    _exit(0);
}

static enum status wait_for_answer(enum answer *answer, const struct voice_process *voice)
{
    char byte = 0;
    ssize_t got = 0;
    do
        got = recv(voice->socket, &byte, 1, 0);
    while (got < 0 && errno == EINTR);
    if (got != 1)
        return status_fail(STATUS_IO, "voice %s: its process is gone", voice->exchange->name);
    *answer = (enum answer)byte;
    return STATUS_OK;
}

static enum status start(struct voice_process *voice)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return status_fail(STATUS_IO, "voice %s: %s", voice->exchange->name, strerror(errno));
    voice->pid = fork();
    if (voice->pid == 0)
        serve(voice->exchange, ends[1]);
    close(ends[1]);
    voice->socket = ends[0];
    if (voice->pid < 0)
        return status_fail(STATUS_NO_MEMORY, "voice %s: no process: %s", voice->exchange->name,
                           strerror(errno));
    enum answer answer = ANSWER_DONE;
    const enum status outcome = wait_for_answer(&answer, voice);
    const struct utterance *opened = &voice->exchange->utterances[0];
    if (outcome == STATUS_OK && opened->outcome != STATUS_OK)
        return status_fail(opened->outcome, "%s", opened->explanation);
    return outcome;
}

enum status voice_process_open(struct voice_process **out, const char *name)
{
    *out = NULL;
    const enum status checked = espeak_voice_check_name(name);
    if (checked != STATUS_OK)
        return checked;
    struct voice_process *voice = calloc(1, sizeof *voice);
    if (voice == NULL)
        return status_fail(STATUS_NO_MEMORY, "voice %s", name);
    voice->pid = voice->socket = -1;
    voice->is_fresh = true;
    voice->exchange = mmap(NULL, sizeof *voice->exchange, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    enum status outcome = STATUS_OK;
    if (voice->exchange == MAP_FAILED) {
        voice->exchange = NULL;
        outcome = status_fail(STATUS_NO_MEMORY, "voice %s", name);
    } else {
        strcpy(voice->exchange->name, name); /* its length was checked */
        outcome = start(voice);
    }
    if (outcome != STATUS_OK)
        voice_process_destroy(voice);
    else
        *out = voice;
    return outcome;
}

unsigned voice_process_rate_hz(const struct voice_process *voice)
{
    return voice->exchange->rate_hz;
}

void voice_process_renew(struct voice_process *voice)
{
    const char byte = REQUEST_RENEW;
    enum answer answer = ANSWER_DONE;
    if (voice->is_asked)
        wait_for_answer(&answer, voice);
    voice->is_asked = false;
    utterance_list_clear(&voice->said);
    /* Where the process is gone, the next utterance tells. */
    if (!voice->is_fresh)
        send(voice->socket, &byte, 1, MSG_NOSIGNAL);
    voice->is_fresh = true;
}

static enum status ask(struct voice_process *voice, const struct utterance_request *request)
{
    struct exchange *exchange = voice->exchange;
    const char byte = REQUEST_SPEAK;
    strcpy(exchange->text, request->text); /* its length was checked */
    exchange->rate_wpm = request->rate_wpm;
    exchange->pitch = request->pitch;
    exchange->place = voice->place;
    if (send(voice->socket, &byte, 1, MSG_NOSIGNAL) != 1)
        return status_fail(STATUS_IO, "voice %s: its process is gone", exchange->name);
    return STATUS_OK;
}

enum status voice_process_begin(struct voice_process *voice, const char *text, unsigned rate_wpm,
                                unsigned pitch)
{
    assert(!voice->is_asked);
    if (strnlen(text, VOICE_TEXT_BYTES_MAX + 1) > VOICE_TEXT_BYTES_MAX)
        return status_fail(STATUS_INVALID, "text of more than %d bytes", VOICE_TEXT_BYTES_MAX);
    enum status outcome = utterance_list_add(&voice->said, text, rate_wpm, pitch);
    if (outcome != STATUS_OK)
        return outcome;
    voice->place = 1 - voice->place;
    voice->is_fresh = false;
    const struct utterance_request request = { text, rate_wpm, pitch };
    outcome = ask(voice, &request);
    voice->is_asked = outcome == STATUS_OK;
    return outcome;
}

/* A copy may die of what is no fault of the text: a machine that stands still for a while charges
 * it seconds of processor time that it never had. So a fresh copy says everything again; a text
 * that is at fault ends that one too. */
static enum status speak_again(enum answer *answer, struct voice_process *voice)
{
    enum status outcome = STATUS_OK;
    *answer = ANSWER_DONE;
    for (size_t u = 0; u < voice->said.count && outcome == STATUS_OK && *answer == ANSWER_DONE;
         u++) {
        const struct utterance_request request = utterance_list_at(&voice->said, u);
        outcome = ask(voice, &request);
        if (outcome == STATUS_OK)
            outcome = wait_for_answer(answer, voice);
    }
    return outcome;
}

static enum status wait_for_utterance(struct voice_process *voice)
{
    enum answer answer = ANSWER_DONE;
    enum status outcome = wait_for_answer(&answer, voice);
    voice->is_asked = false;
    if (outcome == STATUS_OK && answer == ANSWER_CRASHED)
        outcome = speak_again(&answer, voice);
    if (outcome != STATUS_OK)
        return outcome;
    if (answer == ANSWER_NO_COPY)
        return status_fail(STATUS_NO_MEMORY, "voice %s: no process for an utterance",
                           voice->exchange->name);
    if (answer == ANSWER_CRASHED) {
        utterance_list_clear(&voice->said); /* the next copy has said nothing */
        return status_fail(STATUS_INVALID, "voice %s: espeak-ng crashes on this text",
                           voice->exchange->name);
    }
    return STATUS_OK;
}

enum status voice_process_end(struct speech *speech, struct voice_process *voice)
{
    assert(voice->is_asked);
    struct utterance *utterance = &voice->exchange->utterances[voice->place];
    *speech = (struct speech){ 0 };
    const enum status outcome = wait_for_utterance(voice);
    if (outcome != STATUS_OK)
        return outcome;
    if (utterance->outcome != STATUS_OK)
        return status_fail(utterance->outcome, "%s", utterance->explanation);
    if (utterance->speech.is_cut)
        return status_fail(STATUS_INVALID, "more than %d seconds of speech",
                           VOICE_DURATION_MAX_SECONDS);
    /* Counts come from a process that a text may have upset. */
    const size_t samples = utterance->speech.sample_count, phones = utterance->speech.phone_count;
    *speech = (struct speech){ .samples = utterance->samples,
                               .sample_count = samples < SAMPLES_MAX ? samples : SAMPLES_MAX,
                               .samples_max = SAMPLES_MAX,
                               .phones = utterance->phones,
                               .phone_count = phones < PHONES_MAX ? phones : PHONES_MAX,
                               .phones_max = PHONES_MAX };
    return STATUS_OK;
}

enum status voice_process_speak(struct speech *speech, struct voice_process *voice,
                                const char *text, unsigned rate_wpm, unsigned pitch)
{
    *speech = (struct speech){ 0 };
    const enum status outcome = voice_process_begin(voice, text, rate_wpm, pitch);
    return outcome == STATUS_OK ? voice_process_end(speech, voice) : outcome;
}

void voice_process_destroy(struct voice_process *voice)
{
    if (voice == NULL)
        return;
    if (voice->socket >= 0)
        close(voice->socket);
    if (voice->pid > 0)
        while (waitpid(voice->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    if (voice->exchange != NULL)
        munmap(voice->exchange, sizeof *voice->exchange);
    utterance_list_end(&voice->said);
    free(voice);
}
