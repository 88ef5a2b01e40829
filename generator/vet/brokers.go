package vet

import (
	"go/types"
	"regexp"
	"slices"
)

// brokers are the methods by which the clients of well-known brokers send, by
// the paths of their packages without a major version.
var brokers = map[string][]string{
	"github.com/nats-io/nats.go":                                   {"Publish", "PublishMsg", "PublishRequest", "PublishAsync", "PublishMsgAsync"},
	"github.com/nats-io/nats.go/jetstream":                         {"Publish", "PublishMsg", "PublishAsync", "PublishMsgAsync"},
	"github.com/segmentio/kafka-go":                                {"WriteMessages", "WriteCompressedMessages"},
	"github.com/IBM/sarama":                                        {"SendMessage", "SendMessages"},
	"github.com/Shopify/sarama":                                    {"SendMessage", "SendMessages"},
	"github.com/twmb/franz-go/pkg/kgo":                             {"Produce", "ProduceSync", "TryProduce"},
	"github.com/confluentinc/confluent-kafka-go/kafka":             {"Produce", "ProduceBatch"},
	"github.com/rabbitmq/amqp091-go":                               {"Publish", "PublishWithContext", "PublishWithDeferredConfirm", "PublishWithDeferredConfirmWithContext"},
	"github.com/streadway/amqp":                                    {"Publish"},
	"github.com/redis/go-redis":                                    {"Publish", "SPublish", "XAdd"},
	"github.com/go-redis/redis":                                    {"Publish", "SPublish", "XAdd"},
	"cloud.google.com/go/pubsub":                                   {"Publish"},
	"gocloud.dev/pubsub":                                           {"Send"},
	"github.com/aws/aws-sdk-go-v2/service/sns":                     {"Publish", "PublishBatch"},
	"github.com/aws/aws-sdk-go-v2/service/sqs":                     {"SendMessage", "SendMessageBatch"},
	"github.com/aws/aws-sdk-go-v2/service/kinesis":                 {"PutRecord", "PutRecords"},
	"github.com/aws/aws-sdk-go-v2/service/eventbridge":             {"PutEvents"},
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus": {"SendMessage", "SendMessageBatch"},
	"github.com/ThreeDotsLabs/watermill/message":                   {"Publish"},
	"github.com/nsqio/go-nsq":                                      {"Publish", "PublishAsync", "MultiPublish", "MultiPublishAsync", "DeferredPublish", "DeferredPublishAsync"},
	"github.com/eclipse/paho.mqtt.golang":                          {"Publish"},
	"github.com/apache/pulsar-client-go/pulsar":                    {"Send", "SendAsync"},
	"github.com/cloudevents/sdk-go/client":                         {"Send"},
}

// brokerChannels are methods that return a channel to send by.
var brokerChannels = map[string][]string{
	"github.com/IBM/sarama":                            {"Input"},
	"github.com/Shopify/sarama":                        {"Input"},
	"github.com/confluentinc/confluent-kafka-go/kafka": {"ProduceChannel"},
}

// isBroker reports whether a method sends by a broker.
func isBroker(f *types.Func) bool { return knownBy(brokers, f) }

// isBrokerChannel reports whether a method returns a channel to send by.
func isBrokerChannel(f *types.Func) bool { return knownBy(brokerChannels, f) }

var majorVersion = regexp.MustCompile(`/v[0-9]+(/|$)`)

func knownBy(table map[string][]string, f *types.Func) bool {
	if f.Pkg() == nil {
		return false
	}
	path := majorVersion.ReplaceAllString(unvendored(f.Pkg().Path()), "$1")
	return slices.Contains(table[path], f.Name())
}
