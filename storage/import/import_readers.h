/** The readers of the formats: each puts one input into the sink. For storage/import only.
 *
 * Local. Errors: those of the sink and of opening the input; STATUS_INVALID with input and place
 * where it is not of the format. */
#ifndef STORAGE_IMPORT_IMPORT_READERS_H
#define STORAGE_IMPORT_IMPORT_READERS_H

#include "storage/import/import_sink.h"

/** dataset_coco.json, dataset_flickr8k.json: {"images": [{"filepath", "filename", "cocoid",
 * "split", "sentences": [{"raw", "sentid"}]}]}; filepath and cocoid where there are. */
enum status import_karpathy(struct import_sink *sink);

/** captions_train2014.json, ...: {"images": [{"id", "file_name"}], "annotations": [{"image_id",
 * "id", "caption"}]}. Where --images is the folder above train2014 and such, files lie in the one
 * that the input's name tells. */
enum status import_coco(struct import_sink *sink);

/** SpokenCOCO: {"data": [{"image", "captions": [{"text", "speaker", "wav"}]}]}; Places: {"data":
 * [{"image", "wav", "asr_text", "speaker"}], "image_base_path", "audio_base_path"}. */
enum status import_spoken(struct import_sink *sink);

/** Flickr8k.token.txt: "NAME#K<TAB>CAPTION" a line; captions.txt: "image,caption", then
 * "NAME,CAPTION" a line, with commas in the caption. With --audio the audio of the k-th caption is
 * "NAME without its ending" _k.wav. */
enum status import_flickr8k(struct import_sink *sink);

/** A folder of folders of text files, CLASS/NAME.txt, a caption a line, for the picture
 * CLASS/NAME.jpg. */
enum status import_cub(struct import_sink *sink);

/** A row a caption, with a line of column names above (RFC 4180); TSV without quotes. */
enum status import_csv(struct import_sink *sink);
enum status import_tsv(struct import_sink *sink);

/** An object a line; "text" may be a list of texts. */
enum status import_jsonl(struct import_sink *sink);

/** fairseq's audio lists: the folder, then "PATH<TAB>SAMPLES" a line. No pictures, no texts. */
enum status import_fairseq(struct import_sink *sink);

/** A tar whose members KEY.jpg, KEY.txt or KEY.json, KEY.wav stand beside each other. */
enum status import_webdataset(struct import_sink *sink);

#endif
